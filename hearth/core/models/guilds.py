"""Guilds, and the snapshot that holds everything a permission check needs."""

from msgspec import Struct

from hearth.core.models.channels import Channel
from hearth.core.models.members import Member
from hearth.core.models.presence import Presence
from hearth.core.models.roles import Role
from hearth.core.models.users import User


class Guild(Struct, frozen=True, gc=False, kw_only=True):
    """A community (Discord reference, "Guild resource"). The @everyone role has the guild's id."""

    id: int
    name: str
    owner_id: int
    icon: str | None = None
    description: str | None = None
    afk_channel_id: int | None = None
    afk_timeout: int = 300
    system_channel_id: int | None = None
    system_channel_flags: int = 0
    rules_channel_id: int | None = None
    verification_level: int = 0
    default_message_notifications: int = 0
    explicit_content_filter: int = 0
    preferred_locale: str = "en-US"
    mfa_level: int = 0
    nsfw_level: int = 0


class Snapshot(Struct, kw_only=True):
    """One guild whole, in memory, as of commit `n`.

    `channels`, `roles` and the derived tables are replaced by each commit and never changed in
    place; `members`, `users` and `presences` are changed in place, in the commit's own step of
    the loop, because copying 50,000 rows would stop it.
    """

    guild: Guild
    channels: dict[int, Channel]
    roles: dict[int, Role]
    members: dict[int, Member]
    users: dict[int, User]
    presences: dict[int, Presence]
    n: int = 0
