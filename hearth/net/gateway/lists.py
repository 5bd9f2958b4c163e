"""The member list of a guild's channel: who stands in which row, and what changed of the rows.

Pure. A list is what one sees at the side of a channel: for each group a header and below it the
group's members by name. The groups are the hoisted roles from the highest down, whose members are
online, then "online" for the others who are, then "offline". Everybody who sees the channel is in
it once. Channels that the same people see have one list (community documentation of
GUILD_MEMBER_LIST_UPDATE; the format of its operations is in `docs/events.md`).
"""

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from msgspec import Struct

from hearth.core.models.guilds import Snapshot
from hearth.core.models.members import Member
from hearth.core.models.users import User
from hearth.core.permissions import P, rank

MOST_OFFLINE = 1000
"""In guilds with more members those who are offline are left out."""

MANY = 8
"""Of more changes than this, and than rows, a window is shown anew."""

Key = tuple[int, str, int]
"""Where a member stands: the group's place, the name without case, the user id."""

Row = int | str
"""A member's user id, or the id of the group whose header it is."""

Window = tuple[int, int]
"""The first and the last of some rows, counted from 0."""


class Order(Struct, frozen=True):
    """The groups of a guild's lists by place, and the place of each hoisted role."""

    groups: tuple[str, ...]
    places: dict[int, int]
    with_offline: bool
    known: dict[tuple[int, ...], int] = {}
    """The places of those who are online by the roles that they have, as they come up."""

    def key(self, member: Member, user: User, *, online: bool) -> Key | None:
        """Where a member stands; None: in no list, for being offline in a large guild."""
        if online:
            place = self.known.get(member.roles, -1)
            if place < 0:
                places = self.places
                place = min((places[i] for i in member.roles if i in places), default=len(places))
                self.known[member.roles] = place
        elif self.with_offline:
            place = len(self.groups) - 1
        else:
            return None
        name = member.nick or user.global_name or user.username
        return place, name.casefold(), member.user_id


def order_of(snapshot: Snapshot) -> Order:
    """The groups of a guild's lists."""
    guild_id = snapshot.the_guild.id
    hoisted = [role for role in snapshot.roles.values() if role.hoist and role.id != guild_id]
    hoisted.sort(key=rank, reverse=True)
    return Order(
        (*(str(role.id) for role in hoisted), "online", "offline"),
        {role.id: place for place, role in enumerate(hoisted)},
        len(snapshot.members) <= MOST_OFFLINE,
    )


_SIGHT = int(P.VIEW_CHANNEL | P.ADMINISTRATOR)


def signature(snapshot: Snapshot) -> tuple[Any, ...]:
    """What the order, and who is in a list by its overwrites, hang on: equal while both stay."""
    return (
        snapshot.the_guild.owner_id,
        len(snapshot.members) <= MOST_OFFLINE,
        tuple(
            (role.id, role.permissions & _SIGHT, rank(role) if role.hoist else None)
            for role in snapshot.roles.values()
        ),
    )


class MemberList:
    """The rows of one list, made of sorted keys. A change costs a search in them."""

    __slots__ = ("_counts", "_groups", "_keys")

    def __init__(self, order: Order, keys: Iterable[Key]) -> None:
        self._groups = order.groups
        self._keys = [*keys]
        self._counts = [0] * len(order.groups)
        for key in self._keys:
            self._counts[key[0]] += 1

    def __contains__(self, key: Key | None) -> bool:
        if key is None:
            return False
        at = bisect_left(self._keys, key)
        return at < len(self._keys) and self._keys[at] == key

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self._keys) + sum(1 for count in self._counts if count)

    def add(self, key: Key) -> None:
        """Put in a member who is not in it."""
        self._keys.insert(bisect_left(self._keys, key), key)
        self._counts[key[0]] += 1

    def remove(self, key: Key) -> None:
        """Take out a member who is in it."""
        del self._keys[bisect_left(self._keys, key)]
        self._counts[key[0]] -= 1

    def groups(self) -> list[tuple[str, int]]:
        """The groups that somebody is in, in order, with how many are."""
        pairs = zip(self._groups, self._counts, strict=True)
        return [(group, count) for group, count in pairs if count]

    def rows(self, window: Window) -> list[Row]:
        """The rows of a window, as many as there are."""
        start, end = window
        found: list[Row] = []
        row = at = 0
        for group, count in self.groups():
            if row > end:
                break
            if row >= start:
                found.append(group)
            first = at + max(start - row - 1, 0)
            last = at + min(end - row, count)
            found += [key[2] for key in self._keys[first:last]]
            row += count + 1
            at += count
        return found


def merge(windows: Iterable[Window]) -> tuple[Window, ...]:
    """The same rows as few windows, which are ascending and do not touch."""
    merged: list[Window] = []
    for start, end in sorted(windows):
        if merged and start <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return tuple(merged)


def without(windows: Iterable[Window], others: Sequence[Window]) -> list[Window]:
    """What is left of merged windows when the rows of other merged ones are taken out."""
    left: list[Window] = []
    for start, end in windows:
        at = start
        for low, high in others:
            if low > end:
                break
            if high < at:
                continue
            if low > at:
                left.append((at, low - 1))
            at = high + 1
        if at <= end:
            left.append((at, end))
    return left


Item = Callable[[Row], Any]
"""How a row is shown."""


def sync(window: Window, rows: Sequence[Row], item: Item) -> list[dict[str, Any]]:
    """What shows a window anew, whatever the client has of it; nothing where the list is over."""
    if not rows:
        return []
    return [{"op": "SYNC", "range": window, "items": [item(row) for row in rows]}]


def changes(
    window: Window,
    old: Sequence[Row],
    new: Sequence[Row],
    moved: Collection[int],
    changed: AbstractSet[int],
    item: Item,
) -> list[dict[str, Any]]:
    """Operations that turn what a client has of a window into what it is now.

    `changed` are the users who look different; `moved` those of them whose key is another, or who
    came or went. A client does the operations of its windows one after the other, in ascending
    order: DELETE takes a row out and closes the gap, INSERT opens one, UPDATE replaces, INVALIDATE
    forgets, SYNC says what stands there. Each merged window is put right by itself: what leaves it
    on one side comes back on the other, so no row of another window moves, nor need the client
    know rows that it did not ask for. Only where the list ends a window becomes longer or shorter,
    and what is behind it is void.
    """
    same = old == new
    if same and changed.isdisjoint(new):
        return []
    # Who moved but stands where they stood needs no more than an UPDATE.
    kept = set(new) if same else set(old).intersection(new).difference(moved)
    away, come = len(old) - len(kept), len(new) - len(kept)
    if not old or away + come > max(len(new), MANY):
        return sync(window, new, item)
    if not new:
        return []
    start = window[0]
    made: list[dict[str, Any]] = []
    if away:
        made = [
            {"op": "DELETE", "index": start + at}
            for at in range(len(old) - 1, -1, -1)
            if old[at] not in kept
        ]
    for at, row in enumerate(new, start):
        if row not in kept:
            made.append({"op": "INSERT", "index": at, "item": item(row)})
        elif row in changed:
            made.append({"op": "UPDATE", "index": at, "item": item(row)})
    return made
