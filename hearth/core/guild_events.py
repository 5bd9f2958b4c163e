"""Events of what guilds have beside channels, roles, members: emojis, stickers, bans, invites."""

from typing import Any

from hearth.core.events import Context, Event, Intent, event
from hearth.core.models.bans import Ban
from hearth.core.models.emojis import emoji_object
from hearth.core.models.invites import Invite
from hearth.core.models.stickers import sticker_object
from hearth.core.models.users import user_json
from hearth.core.permissions import P
from hearth.core.wire import timestamp


@event("GUILD_EMOJIS_UPDATE", intent=Intent.GUILD_EXPRESSIONS)
class GuildEmojisUpdate(Event):
    """The guild's emojis changed; `d` has all that there are."""

    guild_id: int

    def data(self, at: Context) -> Any:
        snapshot = at.snapshot
        assert snapshot is not None
        return {
            "guild_id": str(self.guild_id),
            "emojis": [emoji_object(emoji) for emoji in snapshot.emojis.values()],
        }


@event("GUILD_STICKERS_UPDATE", intent=Intent.GUILD_EXPRESSIONS)
class GuildStickersUpdate(Event):
    """The guild's stickers changed; `d` has all that there are."""

    guild_id: int

    def data(self, at: Context) -> Any:
        snapshot = at.snapshot
        assert snapshot is not None
        return {
            "guild_id": str(self.guild_id),
            "stickers": [sticker_object(sticker) for sticker in snapshot.stickers.values()],
        }


# Bans


@event("GUILD_BAN_ADD", intent=Intent.GUILD_MODERATION, needs=P.BAN_MEMBERS | P.VIEW_AUDIT_LOG)
class GuildBanAdd(Event):
    """Somebody was banned, who may have been a member."""

    ban: Ban

    def data(self, at: Context) -> Any:
        return {"guild_id": str(self.ban.guild_id), "user": user_json(at.user(self.ban.user_id))}


@event("GUILD_BAN_REMOVE", intent=Intent.GUILD_MODERATION, needs=P.BAN_MEMBERS | P.VIEW_AUDIT_LOG)
class GuildBanRemove(GuildBanAdd):
    """Somebody may come again."""


# Invites


@event("INVITE_CREATE", intent=Intent.GUILD_INVITES, to="channel", needs=P.MANAGE_CHANNELS)
class InviteCreate(Event):
    """An invite was made."""

    invite: Invite

    @property
    def channel_id(self) -> int:
        return self.invite.channel_id

    def data(self, at: Context) -> Any:
        invite = self.invite
        d: dict[str, Any] = {
            "channel_id": str(invite.channel_id),
            "guild_id": str(invite.guild_id),
            "code": invite.code,
            "created_at": timestamp(invite.created_at_ms),
            "max_age": invite.max_age_s,
            "max_uses": invite.max_uses,
            "temporary": invite.temporary,
            "uses": invite.uses,
            "type": 0,
            "flags": 0,
            "expires_at": None if invite.expires_at_ms is None else timestamp(invite.expires_at_ms),
        }
        if invite.inviter_id is not None:
            d["inviter"] = user_json(at.user(invite.inviter_id))
        return d


@event("INVITE_DELETE", intent=Intent.GUILD_INVITES, to="channel", needs=P.MANAGE_CHANNELS)
class InviteDelete(Event):
    """An invite was taken back."""

    invite: Invite

    @property
    def channel_id(self) -> int:
        return self.invite.channel_id

    def data(self, at: Context) -> Any:
        return {
            "channel_id": str(self.invite.channel_id),
            "guild_id": str(self.invite.guild_id),
            "code": self.invite.code,
        }
