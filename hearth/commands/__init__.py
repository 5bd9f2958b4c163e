"""The commands of `hearth`, one file per subject: parse, call, print."""
