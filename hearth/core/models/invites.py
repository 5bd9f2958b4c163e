"""Invites into guilds (Discord reference, "Invite resource")."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from hearth.core.models.channels import Channel
from hearth.core.models.guilds import Guild
from hearth.core.models.users import User, UserObject, user_json
from hearth.core.wire import Form, Snowflake, timestamp


class Invite(Struct, frozen=True, gc=False, kw_only=True):
    """A way into a guild. 0 as `max_age_s` or `max_uses` is no limit.

    Who comes by a `temporary` one leaves with their last session unless they got a role.
    """

    code: str
    guild_id: int
    channel_id: int
    inviter_id: int | None
    created_at_ms: int
    max_age_s: int = 0
    max_uses: int = 0
    uses: int = 0
    temporary: bool = False

    @property
    def expires_at_ms(self) -> int | None:
        """When it lapses."""
        return self.created_at_ms + self.max_age_s * 1000 if self.max_age_s else None

    def lapsed(self, wall_ms: int) -> bool:
        """Whether it leads nowhere any more."""
        expires = self.expires_at_ms
        used_up = 0 < self.max_uses <= self.uses
        return used_up or (expires is not None and expires <= wall_ms)


class InviteGuildObject(Struct, gc=False, kw_only=True):
    """The guild as somebody outside may see it."""

    id: str
    name: str
    icon: str | None
    description: str | None
    features: tuple[str, ...]
    verification_level: int
    nsfw_level: int
    nsfw: bool
    splash: str | None = None
    banner: str | None = None
    vanity_url_code: None = None
    premium_subscription_count: int = 0


class InviteChannelObject(Struct, gc=False, kw_only=True):
    """The channel that an invite leads to."""

    id: str
    type: int
    name: str


class InviteObject(Struct, gc=False, kw_only=True):
    """An invite. How often it was and may be used is for those who manage invites."""

    code: str
    guild: InviteGuildObject
    guild_id: str
    channel: InviteChannelObject
    expires_at: str | None
    type: int = 0
    flags: int = 0
    inviter: UserObject | UnsetType = UNSET
    approximate_member_count: int | UnsetType = UNSET
    approximate_presence_count: int | UnsetType = UNSET
    uses: int | UnsetType = UNSET
    max_uses: int | UnsetType = UNSET
    max_age: int | UnsetType = UNSET
    temporary: bool | UnsetType = UNSET
    created_at: str | UnsetType = UNSET
    new_member: bool | UnsetType = UNSET


def invite_object(
    invite: Invite,
    guild: Guild,
    channel: Channel,
    inviter: User | None,
    *,
    counts: tuple[int, int] | None = None,
    with_metadata: bool = False,
) -> InviteObject:
    """An invite as it is shown; with `counts` of members and of those online, and metadata."""
    expires = invite.expires_at_ms
    shown = InviteObject(
        code=invite.code,
        guild=InviteGuildObject(
            id=str(guild.id),
            name=guild.name,
            icon=guild.icon,
            description=guild.description,
            features=guild.features,
            verification_level=guild.verification_level,
            nsfw_level=guild.nsfw_level,
            nsfw=guild.nsfw_level in (1, 3),
            splash=guild.splash,
            banner=guild.banner,
        ),
        guild_id=str(guild.id),
        channel=InviteChannelObject(id=str(channel.id), type=channel.type, name=channel.name),
        expires_at=None if expires is None else timestamp(expires),
        inviter=UNSET if inviter is None else user_json(inviter),
    )
    if counts is not None:
        shown.approximate_member_count, shown.approximate_presence_count = counts
    if with_metadata:
        shown.uses = invite.uses
        shown.max_uses = invite.max_uses
        shown.max_age = invite.max_age_s
        shown.temporary = invite.temporary
        shown.created_at = timestamp(invite.created_at_ms)
    return shown


class InviteCreate(Form, kw_only=True):
    """Body of create_channel_invite."""

    max_age: Annotated[int, Meta(ge=0, le=60 * 24 * 3600)] | UnsetType | None = UNSET
    max_uses: Annotated[int, Meta(ge=0, le=100)] | UnsetType | None = UNSET
    temporary: bool | UnsetType | None = UNSET
    unique: bool | UnsetType | None = UNSET
    target_type: Literal[1, 2] | UnsetType | None = UNSET
    target_user_id: Snowflake | UnsetType | None = UNSET
    target_application_id: Snowflake | UnsetType | None = UNSET
    role_ids: Any = UNSET

    def values(self) -> dict[str, Any]:
        """The fields of `Invite` that are asked for; by default it lasts a day."""
        day = 24 * 3600
        age = self.max_age
        return {
            "max_age_s": day if age is UNSET or age is None else age,
            "max_uses": self.max_uses or 0,
            "temporary": bool(self.temporary),
        }


class InviteQuery(Struct, kw_only=True):
    """Query of invite_resolve; all invites show when they expire."""

    with_counts: bool = False
    with_expiration: bool = True
    guild_scheduled_event_id: Snowflake | None = None
    target_channel_id: Snowflake | None = None
    target_message_id: Snowflake | None = None
