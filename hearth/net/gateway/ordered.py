"""Orders the members of a guild for its lists, in pieces: of 50,000 the loop would stand still.

Pure. A piece is what is done between two `yield`s. What changes between them is for the caller to
note and to make good; where the order itself changes, or who sees a channel, it is given up.
"""

from bisect import bisect
from collections.abc import Generator, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from msgspec import Raw, Struct

from hearth.core.member_lists import member_list_id, viewers
from hearth.core.models.guilds import Snapshot
from hearth.core.models.members import Member
from hearth.core.models.users import User
from hearth.core.visibility import Views, sight
from hearth.net.gateway.lists import Key, MemberList, Order, Window, order_of, signature

PIECE = 2_000
"""So many members are a piece: some milliseconds."""

NOBODY = Order((), {}, with_offline=False)

Windows = tuple[Window, ...]
T = TypeVar("T")


class Place(Protocol):
    """Where it is read from: the guild's home."""

    @property
    def snapshot(self) -> Snapshot | None:
        """The guild as it is now."""
        ...

    @property
    def views(self) -> Views | None:
        """Who sees what of it."""
        ...

    def user(self, user_id: int) -> User:
        """A user."""
        ...

    def member_json(self, member: Member) -> Raw:
        """A member as lists show it."""
        ...


class Shown:
    """One list: its rows, and what each session that follows it was told of."""

    __slots__ = ("channel_id", "head", "id", "rows", "sees", "watchers")

    def __init__(self, id: str, channel_id: int) -> None:
        self.id = id
        self.channel_id = channel_id
        """One of the channels whose list it is."""
        self.rows = MemberList(NOBODY, ())
        self.head: Any = None
        """The counts as they were told last."""
        self.sees: dict[tuple[int, ...], bool] = {}
        """Whether who has these roles, and whom nothing else names, is in it."""
        self.watchers: dict[Any, Windows] = {}
        """The rows that each has; none: it was away and must be told anew."""

    def has(self, views: Views, member: Member) -> bool:
        """Whether a member sees its channels."""
        roles, user_id = member.roles, member.user_id
        if user_id == views.owner_id or user_id in views.alone:
            return bool(sight(views, roles, user_id) & views.bit(self.channel_id))
        sees = self.sees.get(roles)
        if sees is None:
            sees = bool(sight(views, roles, user_id) & views.bit(self.channel_id))
            self.sees[roles] = sees
        return sees


class Ordered(Struct):
    """Where everybody stands, of the guild with this signature, and some of its lists."""

    signature: Any
    order: Order
    keys: dict[int, Key]
    lists: dict[str, Shown]


Steps = Generator[None, None, T]


def ordered(
    at: Place, known: tuple[Order, dict[int, Key]] | None, channels: dict[str, int]
) -> Steps[Ordered | None]:
    """Make the lists of these channels by what is `known` of where everybody stands.

    None where the guild's order changed meanwhile. Where who sees a channel did, its list is left
    out.
    """
    snapshot = at.snapshot
    assert snapshot is not None
    made = signature(snapshot)
    order, keys = known or (order_of(snapshot), {})
    if known is None:
        pool = snapshot.members if order.with_offline else snapshot.presences
        for some in _pieces([*pool]):
            snapshot = _still(at, made)
            if snapshot is None:
                return None
            members, presences = snapshot.members, snapshot.presences
            for user_id in some:
                member = members.get(user_id)
                if member is None:
                    continue
                key = order.key(member, at.user(user_id), online=user_id in presences)
                if key is not None:
                    keys[user_id] = key
            if len(some) == PIECE:
                yield
    lists: dict[str, Shown] = {}
    for name, channel_id in channels.items():
        shown = Shown(member_list_id(name), channel_id)
        seen: list[Key] = []
        for some in _pieces([*keys.values()]):
            snapshot, views = _still(at, made), at.views
            if snapshot is None or views is None:
                return None
            channel = snapshot.channels.get(channel_id)
            if channel is None or viewers(channel.overwrites) != name:
                break
            members = snapshot.members
            seen += [key for key in some if key[2] in members and shown.has(views, members[key[2]])]
            if len(some) == PIECE:
                yield
        else:
            shown.rows = MemberList(order, (yield from _sorted(seen)))
            lists[name] = shown
    return Ordered(made, order, keys, lists)


def _still(at: Place, made: Any) -> Snapshot | None:
    """The guild as it is now, if its order is the same."""
    snapshot = at.snapshot
    return snapshot if snapshot is not None and signature(snapshot) == made else None


def at_once(steps: Steps[T]) -> T:
    """The outcome of all steps."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def _pieces(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[at : at + PIECE] for at in range(0, len(items), PIECE))


def _sorted(keys: list[Key]) -> Steps[list[Key]]:
    """The keys in order: many are first put into boxes, between some of their number."""
    if len(keys) <= PIECE:
        return sorted(keys)
    bounds = sorted(keys[:: max(1, PIECE // 8)])[8::8]
    boxes: list[list[Key]] = [[] for _ in range(len(bounds) + 1)]
    for some in _pieces(keys):
        for key in some:
            boxes[bisect(bounds, key)].append(key)
        yield
    made: list[Key] = []
    for box in boxes:
        box.sort()
        made += box
        yield
    return made
