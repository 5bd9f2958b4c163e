"""Declares every operation: importing this imports each file that has verbs."""

from hearth.actions import (
    admin,
    applications,
    auth,
    channels,
    emojis,
    gateway,
    guilds,
    members,
    messages,
    pins,
    private,
    reactions,
    roles,
    users,
)

MODULES = (
    admin,
    applications,
    auth,
    channels,
    emojis,
    gateway,
    guilds,
    members,
    messages,
    pins,
    private,
    reactions,
    roles,
    users,
)
