"""Hearth: a self-hosted chat server that speaks Discord's HTTP API v10 and Gateway v10."""

__version__ = "0.1.0.dev0"
