"""The HTTP door: the API v10, the page, and the way to the gateway."""
