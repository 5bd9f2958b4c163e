"""All that changes for one guild, private channel or user, where its owner is."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from msgspec import Raw, Struct

from hearth.actions.busy import Busy
from hearth.core.models.attachments import Attachment, AttachmentObject
from hearth.core.models.guilds import Snapshot
from hearth.core.models.members import Member, member_object
from hearth.core.models.presence import Shown
from hearth.core.models.users import User
from hearth.core.visibility import Views, tables

if TYPE_CHECKING:
    from hearth.actions.voicing import Ticket
    from hearth.actions.world import World


class _Rendered(Struct, frozen=True, gc=False):
    """How a member was shown, and what it was made of."""

    member: Member
    user: User
    json: Raw


class Home:
    """All that changes for one key (a guild, a private channel or a user), where its owner is.

    A follower's copy has the snapshot and its number; nobody takes its turn. An idle user's home
    must cost next to nothing: there are as many as sessions.
    """

    __slots__ = (
        "_busy",
        "_tickets",
        "key",
        "n",
        "presences",
        "shown",
        "snapshot",
        "touched",
        "views",
        "world",
    )

    def __init__(self, world: "World", key: int) -> None:
        self.world = world
        self.key = key
        self.n = 0
        self.snapshot: Snapshot | None = None
        self.views: Views | None = None
        self.presences: tuple[Shown, ...] = ()
        """A user's: what each session shows."""
        self.shown: dict[int, _Rendered] | None = None
        self.touched = world.clock.now()
        self._busy: Busy | None = None
        self._tickets: dict[int, Ticket] | None = None

    @property
    def busy(self) -> Busy:
        """The turn and what else calls need; made at first use, dropped when it is quiet."""
        if self._busy is None:
            self._busy = Busy()
        return self._busy

    @property
    def tickets(self) -> "dict[int, Ticket]":
        """What lets each user of its voice states connect; made at first use."""
        if self._tickets is None:
            self._tickets = {}
        return self._tickets

    def rest(self) -> None:
        """Drop what calls need where the one that ends was the last and nothing is counted."""
        if self._busy is not None and self._busy.idle:
            self._busy = None

    def tidy(self, now: float) -> bool:
        """Drop what is not needed any more; whether no call is under way or counted."""
        if self._busy is not None and self._busy.tidy(now):
            self._busy = None
        return self._busy is None

    def member_json(self, member: Member) -> Raw:
        """A member as lists of all members show it, rendered once and kept."""
        if self.shown is None:
            self.shown = {}
        user = self.user(member.user_id)
        kept = self.shown.get(member.user_id)
        if kept is not None and kept.member is member and kept.user is user:
            return kept.json
        made = Raw(msgspec.json.encode(member_object(member, user)))
        self.shown[member.user_id] = _Rendered(member, user, made)
        return made

    def see(self, snapshot: Snapshot, *, rebuild: bool = True) -> None:
        """Take `snapshot` as the present one; `rebuild` what derives from channels and roles."""
        self.snapshot = snapshot
        if rebuild and snapshot.guild is not None:
            self.views = tables(snapshot)

    def user(self, user_id: int) -> User:
        """A user that was loaded; an unknown one is shown as deleted."""
        return self.world.user(user_id)

    def last_id(self, channel_id: int) -> int | None:
        """The newest message of a channel."""
        return self.world.log.last_id(channel_id)

    def files(
        self, channel_id: int, attachments: Sequence[Attachment]
    ) -> tuple[AttachmentObject, ...]:
        """Attachments with addresses that are good for a day."""
        return self.world.files(channel_id, attachments)

    def pinned(self, channel_id: int, message_id: int) -> bool:
        """Whether a message is pinned."""
        return self.world.log.pinned(channel_id, message_id)

    def last_pin_ms(self, channel_id: int) -> int | None:
        """When the newest of a channel's pins was made."""
        return self.world.log.last_pin_ms(channel_id)
