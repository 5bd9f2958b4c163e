"""The doors: HTTP, the Gateway, voice and the admin socket."""
