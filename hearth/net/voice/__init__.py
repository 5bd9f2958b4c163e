"""The voice gateway: who is in a room, and how they connect to it."""
