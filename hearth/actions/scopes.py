"""What a verb acts on: scopes find the home, check that the caller may be there, and commit."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import msgspec

from hearth.actions.world import Home, World
from hearth.core.commits import Noun
from hearth.core.errors import (
    BOTS_ONLY,
    MFA_NEEDED,
    MISSING_ACCESS,
    MISSING_PERMISSIONS,
    NOT_IN_DM,
    UNAUTHORIZED,
    UNKNOWN_CHANNEL,
    UNKNOWN_GUILD,
    UNKNOWN_MEMBER,
    UNKNOWN_USER,
    USERS_ONLY,
    Error,
    Refused,
)
from hearth.core.events import AuditLogEntryCreate, Event
from hearth.core.limits import Rate
from hearth.core.models.attachments import Upload
from hearth.core.models.audit import AuditAction, AuditEntry
from hearth.core.models.channels import Channel
from hearth.core.models.guilds import Guild, Snapshot
from hearth.core.models.members import Member
from hearth.core.models.roles import Role
from hearth.core.operations import Principal
from hearth.core.patch import Change
from hearth.core.permissions import ALL, GUARDED, P, resolve

Params = Mapping[str, int | str]


class Audit(msgspec.Struct, frozen=True, gc=False):
    """What a commit leaves in the audit log; the reason is the call's."""

    action: AuditAction
    target_id: int | None
    changes: Sequence[Change] = ()
    options: Mapping[str, str] | None = None


class Scope:
    """What every scope has: the world, the call's home, its caller and its parameters."""

    __slots__ = ("home", "params", "reason", "uploads", "who", "world")

    def __init__(
        self, world: World, home: Home, who: Principal, params: Params, reason: str | None
    ) -> None:
        self.world = world
        self.home = home
        self.who = who
        self.params = params
        self.reason = reason
        self.uploads: Sequence[Upload] = ()
        """The files that came with the request."""

    holds_guild: ClassVar[bool] = False
    """Whether the home is a guild's."""

    @classmethod
    async def place(cls, world: World, who: Principal, params: Params) -> int:
        """The key of the home that this call belongs to; raises Refused where there is none."""
        raise NotImplementedError

    def admit(self) -> None:
        """Load what the scope holds; raises Refused when the caller may not be here."""

    def require(self, needs: int) -> None:
        """Raise 50013 unless the caller has every bit of `needs` here."""
        if needs:
            raise Refused(MISSING_PERMISSIONS)

    def limit(self, bucket: str, rate: Rate) -> None:
        """Count a call of the caller's in this home against a limit beside the operation's."""
        self.world.take(self.home, bucket, rate, self.who, self.home.key)

    def tell(
        self, tell: Sequence[Event], *, save: Sequence[Noun] = (), delete: Sequence[Noun] = ()
    ) -> None:
        """Tell of what lives in memory only, such as presence and typing."""
        self.world.publish(self.home, save, delete, tell)


class Open(Scope):
    """For everybody, known or not. It has no home and changes nothing but SQL."""

    @classmethod
    async def place(cls, world: World, who: Principal, params: Params) -> int:
        return 0


class SignedIn(Scope):
    """For who has a token; the home is the caller's own."""

    @classmethod
    async def place(cls, world: World, who: Principal, params: Params) -> int:
        return who.user_id

    def admit(self) -> None:
        if self.who.kind not in ("user", "bot"):
            raise Refused(UNAUTHORIZED)


class Between(Scope):
    """For a person and what is between them and the user `user_id`; the home of the lesser id.

    So both sides of it change in one turn, whoever of the two calls.
    """

    @classmethod
    async def place(cls, world: World, who: Principal, params: Params) -> int:
        user_id = int(params["user_id"])
        # What is no user may be a guild, whose home must not be taken for a user's.
        await world.load_users([user_id])
        if world.known_user(user_id) is None:
            raise Refused(UNKNOWN_USER if who.user_id else UNAUTHORIZED)
        return min(who.user_id, user_id)

    def admit(self) -> None:
        if self.who.kind not in ("user", "bot"):
            raise Refused(UNAUTHORIZED)
        if self.who.kind != "user":
            raise Refused(USERS_ONLY)

    async def commit(
        self,
        *,
        save: Sequence[Noun] = (),
        delete: Sequence[Noun] = (),
        tell: Sequence[Event] = (),
    ) -> None:
        """Make a change: one SQL transaction, then both are told."""
        await self.world.commit(self.home, save, delete, tell)


class OfUser(Scope):
    """For the server itself; the home is that of the user `user_id`."""

    @classmethod
    async def place(cls, world: World, who: Principal, params: Params) -> int:
        return int(params["user_id"])

    def admit(self) -> None:
        if self.who.kind != "system":
            raise Refused(UNAUTHORIZED)


class AsPerson(SignedIn):
    """For people, not bots; the home is the caller's own."""

    def admit(self) -> None:
        super().admit()
        if self.who.kind != "user":
            raise Refused(USERS_ONLY)


class AsBot(SignedIn):
    """For bots; the home is the caller's own."""

    def admit(self) -> None:
        super().admit()
        if self.who.kind != "bot":
            raise Refused(BOTS_ONLY)


class InGuild(Scope):
    """For members of the guild `guild_id`, and for the server itself."""

    __slots__ = ("_permissions", "member", "snapshot")

    holds_guild = True

    snapshot: Snapshot
    member: Member | None
    """The caller; None for the operator and the system, who may do everything."""

    @classmethod
    async def place(cls, world: World, who: Principal, params: Params) -> int:
        return int(params["guild_id"])

    def admit(self) -> None:
        snapshot = self.home.snapshot
        if self.who.kind == "anonymous":
            raise Refused(UNAUTHORIZED)
        if snapshot is None or snapshot.guild is None:
            raise Refused(UNKNOWN_GUILD)
        self._enter(snapshot, MISSING_ACCESS)

    def _enter(self, snapshot: Snapshot, stranger: Error) -> None:
        who = self.who
        self.snapshot = snapshot
        self._permissions = -1
        if who.kind == "user" or who.kind == "bot":
            self.member = snapshot.members.get(who.user_id)
            if self.member is None:
                raise Refused(stranger)
        else:
            self.member = None

    @property
    def guild(self) -> Guild:
        """The guild; 50003 in a private channel."""
        guild = self.snapshot.guild
        if guild is None:
            raise Refused(NOT_IN_DM)
        return guild

    @property
    def permissions(self) -> int:
        """The caller's permissions here, resolved once."""
        if self._permissions < 0:
            self._permissions = self.permissions_in(None)
        return self._permissions

    def permissions_in(self, channel: Channel | None) -> int:
        """The caller's permissions in a channel of this guild, or in the guild at large."""
        if self.member is None:
            return ALL
        return resolve(self.snapshot, self.member, channel, self.world.wall_ms())

    def may(self, needs: int) -> bool:
        """Whether the caller has every bit of `needs`."""
        return self.permissions & needs == needs

    def require(self, needs: int) -> None:
        if self.permissions & needs != needs:
            raise Refused(MISSING_PERMISSIONS)
        self._ask_for_factor(needs)

    def _ask_for_factor(self, needs: int) -> None:
        """60003 where the guild asks its moderators for a second factor and a person has none."""
        guild = self.snapshot.guild
        if (
            needs & GUARDED
            and guild is not None
            and guild.mfa_level
            and self.who.kind == "user"
            and not self.who.mfa
        ):
            raise Refused(MFA_NEEDED)

    def role(self, role_id: int, error: Error) -> Role:
        """A role of this guild, or `error`."""
        role = self.snapshot.roles.get(role_id)
        if role is None:
            raise Refused(error)
        return role

    def member_of(self, user_id: int) -> Member:
        """A member of this guild, or 10007."""
        member = self.snapshot.members.get(user_id)
        if member is None:
            raise Refused(UNKNOWN_MEMBER)
        return member

    async def commit(
        self,
        *,
        save: Sequence[Noun] = (),
        delete: Sequence[Noun] = (),
        audit: Sequence[Audit] = (),
        tell: Sequence[Event] = (),
        beside: Sequence[Noun] = (),
    ) -> None:
        """Make a change: one SQL transaction with its audit entries, then everybody is told.

        What is saved `beside` it goes into the transaction and nowhere else.
        """
        entries = [self._entry(each) for each in audit]
        await self.world.commit(
            self.home,
            [*save, *entries],
            delete,
            [*tell, *(AuditLogEntryCreate(entry) for entry in entries)],
            beside,
        )

    async def note(self, audit: Audit) -> None:
        """Leave an audit entry for a change that the message log makes."""
        entry = self._entry(audit)
        await self.world.write([entry])
        self.world.publish(self.home, tell=[AuditLogEntryCreate(entry)])

    def _entry(self, audit: Audit) -> AuditEntry:
        changes = [change for change in audit.changes if change.moved]
        return AuditEntry(
            id=self.world.make_id(),
            guild_id=self.guild.id,
            user_id=self.who.user_id or None,
            action_type=audit.action,
            target_id=audit.target_id,
            changes=msgspec.json.encode([change.object() for change in changes])
            if changes
            else None,
            options=msgspec.json.encode(audit.options) if audit.options else None,
            reason=self.reason,
        )


class InChannel(InGuild):
    """For those who may see the channel `channel_id`, a guild's or a private one.

    A private channel has no guild: there `here.guild` refuses, and so does `require` for what only
    guilds have. Who is not in it learns nothing of it.
    """

    __slots__ = ("channel",)

    channel: Channel

    @classmethod
    async def place(cls, world: World, who: Principal, params: Params) -> int:
        channel_id = int(params["channel_id"])
        key = world.known_home_of(channel_id) or await world.home_of(channel_id)
        if key is None:
            raise Refused(UNKNOWN_CHANNEL)
        return key

    def admit(self) -> None:
        snapshot = self.home.snapshot
        if snapshot is None:
            raise Refused(UNKNOWN_CHANNEL)
        if self.who.kind == "anonymous":
            raise Refused(UNAUTHORIZED)
        self._enter(snapshot, UNKNOWN_CHANNEL if snapshot.guild is None else MISSING_ACCESS)
        channel = self.snapshot.channels.get(int(self.params["channel_id"]))
        if channel is None:
            raise Refused(UNKNOWN_CHANNEL)
        self.channel = channel
        if not self.permissions & P.VIEW_CHANNEL:
            raise Refused(MISSING_ACCESS)

    @property
    def permissions(self) -> int:
        """The caller's permissions in the channel, resolved once."""
        if self._permissions < 0:
            self._permissions = self.permissions_in(self.channel)
        return self._permissions

    def require(self, needs: int) -> None:
        if self.permissions & needs != needs:
            raise Refused(MISSING_PERMISSIONS if self.snapshot.guild is not None else NOT_IN_DM)
        self._ask_for_factor(needs)


class AsOperator(Scope):
    """For the server's operator, by the admin door. It has no home of its own."""

    @classmethod
    async def place(cls, world: World, who: Principal, params: Params) -> int:
        return 0

    def admit(self) -> None:
        if self.who.kind != "operator":
            raise Refused(UNAUTHORIZED)


class AsOperatorInGuild(InGuild):
    """For the server's operator, acting in the guild `guild_id`."""

    def admit(self) -> None:
        if self.who.kind != "operator":
            raise Refused(UNAUTHORIZED)
        super().admit()
