"""The media server: rooms of peers whose packets are forwarded without being decoded.

It knows no guilds and no permissions: the rules hand it flags for each peer. Nothing of it is
imported before somebody first enters a voice channel.
"""
