"""What sessions follow of one guild: its member lists, some members' presence, who types.

Pure. Changes are noted as they come and told together by `turn`, at most so often as its driver
(`subscriptions.py`) lets it. Whom a session may see is asked anew in each turn, of the snapshot.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Any, Protocol

import msgspec
from msgspec import UNSET, Raw, Struct

from hearth.core.commits import Commit
from hearth.core.member_lists import viewers
from hearth.core.models.guilds import Snapshot
from hearth.core.models.members import Member
from hearth.core.models.presence import Presence, presence_object
from hearth.core.models.subscriptions import Subscription
from hearth.core.social_events import friend_presence
from hearth.core.visibility import Views, sight
from hearth.net.gateway.lists import (
    Item,
    Key,
    Order,
    Row,
    Window,
    changes,
    merge,
    signature,
    sync,
    without,
)
from hearth.net.gateway.ordered import Ordered, Place, Shown, Steps, Windows, at_once, ordered

MOST_LISTS = 100
"""The most lists of one guild that are kept: of more channels there is none."""

LARGE = 250
"""Up to so many members people are told of everybody's presence, typing and membership.

In guilds with more it is those who follow a member, or typing, that are.
"""

LIST_UPDATE = "GUILD_MEMBER_LIST_UPDATE"

_encode = msgspec.json.Encoder().encode


class Watcher(Protocol):
    """Who follows something: a session."""

    @property
    def user_id(self) -> int:
        """Whose session it is."""
        ...

    def __hash__(self) -> int: ...


class Told(Struct):
    """One event, and the sessions that get it."""

    to: Iterable[Any]
    name: str
    d: Any


class Wish(Struct):
    """What one session follows of the guild."""

    channels: dict[int, Windows] = {}
    members: frozenset[int] = frozenset()
    typing: bool = False

    @property
    def ranges(self) -> int:
        """How many ranges it follows."""
        return sum(map(len, self.channels.values()))

    def take(self, asked: Subscription) -> "Wish":
        """The wish after another command."""
        channels, members, typing = self.channels, self.members, self.typing
        if asked.channels is not UNSET:
            channels = {
                channel_id: tuple((one.start, one.end) for one in ranges)
                for channel_id, ranges in asked.channels.items()
                if ranges
            }
        if asked.members is not UNSET:
            members = frozenset(asked.members)
        return Wish(channels, members, typing if asked.typing is UNSET else asked.typing)

    def __bool__(self) -> bool:
        return bool(self.channels or self.members or self.typing)


class Followed:
    """What is followed of one guild. It is empty, and may go, when nobody wishes for anything."""

    __slots__ = (
        "_again",
        "_dirty",
        "_fresh",
        "_keys",
        "_made",
        "_order",
        "_ordering",
        "_signature",
        "_stirred",
        "_told",
        "guild_id",
        "lists",
        "members",
        "typing",
        "wishes",
    )

    def __init__(self, guild_id: int) -> None:
        self.guild_id = guild_id
        self.wishes: dict[Any, Wish] = {}
        self.lists: dict[str, Shown] = {}
        self.members: dict[int, dict[Any, None]] = {}
        """Who follows a member's presence."""
        self.typing: dict[Any, None] = {}
        """Who follows who types."""
        self._keys: dict[int, Key] = {}
        self._order: Order
        self._made: Ordered | None = None
        """What was prepared for the next turn."""
        self._ordering = False
        self._signature: Any = None
        self._stirred = False
        """Whether somebody may follow other lists than before."""
        self._again: dict[Any, None] = {}
        self._fresh: list[tuple[Any, frozenset[int]]] = []
        self._dirty: dict[int, None] = {}
        self._told: dict[int, None] = {}

    @property
    def due(self) -> bool:
        """Whether `turn` has something to do."""
        return bool(self._stirred or self._dirty or self._told or self._fresh)

    def follow(self, who: Watcher, wish: Wish, *, again: bool = False) -> None:
        """From now on a session follows this and nothing else; `again` its lists are told anew."""
        old = self.wishes.get(who, Wish())
        self._forget(who, old)
        if not wish:
            self.leave(who)
            return
        self.wishes[who] = wish
        for user_id in wish.members:
            self.members.setdefault(user_id, {})[who] = None
        if wish.typing:
            self.typing[who] = None
        if wish.members - old.members:
            self._fresh.append((who, wish.members - old.members))
        if again and wish.channels:
            self._again[who] = None
        self._stirred = True

    def leave(self, who: Watcher) -> None:
        """A session follows nothing here any more."""
        wish = self.wishes.pop(who, None)
        if wish is not None:
            self._forget(who, wish)
        for shown in self.lists.values():
            shown.watchers.pop(who, None)
        self._again.pop(who, None)
        self._fresh = [fresh for fresh in self._fresh if fresh[0] is not who]
        self._stirred = True

    def _forget(self, who: Watcher, wish: Wish) -> None:
        self.typing.pop(who, None)
        for user_id in wish.members:
            followers = self.members.get(user_id)
            if followers is not None:
                followers.pop(who, None)
                if not followers:
                    del self.members[user_id]

    def stir(self) -> None:
        """Somebody may see other channels than before, or is there again."""
        self._stirred = True

    def note(self, commit: Commit, users: Collection[int]) -> None:
        """A commit of the guild; `users` are those who have sessions here."""
        for noun in (*commit.save, *commit.delete):
            if isinstance(noun, Member) and noun.user_id in users:
                self._stirred = True
            if (self.lists or self._ordering) and isinstance(noun, Member | Presence):
                self._dirty[noun.user_id] = None
        if self.lists or self.members:
            for event in commit.tell:
                if event.name == "PRESENCE_UPDATE" and event.to == "guild":
                    self._told[event.user_id] = None
        if commit.moves_sight:
            self._stirred = True

    def renamed(self, user_id: int) -> None:
        """A member's account changed."""
        if self.lists or self._ordering:
            self._dirty[user_id] = None

    # A turn

    def prepare(self, at: Place) -> Iterator[None]:
        """Make in pieces what the next turn needs and takes long; the turn is to come right after.

        Of what changes between the pieces the turn takes notice.
        """
        snapshot, views = at.snapshot, at.views
        assert snapshot is not None
        assert views is not None
        anew = signature(snapshot) != self._signature
        if not self._stirred and not anew:
            return
        missing = self._missing(self._wanted(snapshot, views), anew=anew)
        if missing:
            self._ordering = True
            try:
                self._made = yield from self._ordering_of(at, missing, anew=anew)
            finally:
                self._ordering = False

    def turn(self, at: Place, away: Collection[Any]) -> list[Told]:
        """What is to be told now, in order; those who are `away` get their lists when they return.

        The place must have the guild's snapshot.
        """
        snapshot, views = at.snapshot, at.views
        assert snapshot is not None
        assert views is not None
        now = signature(snapshot)
        anew, self._signature = now != self._signature, now
        wanted: Wanted | None = None
        if self._stirred or anew:
            wanted = self._wanted(snapshot, views)
            self._drop(wanted)
        for shown in self.lists.values():
            for who in shown.watchers:
                if who in away:
                    shown.watchers[who] = ()
        before = {key: _had(shown) for key, shown in self.lists.items()}
        made, self._made = self._made, None
        fresh: list[Shown] = []
        if wanted is not None and (missing := self._missing(wanted, anew=anew)):
            if made is None or made.signature != self._signature or missing.keys() - made.lists:
                made = at_once(self._ordering_of(at, missing, anew=anew))
            assert made is not None
            fresh = self._install(made, wanted)
        moved = self._move(at, snapshot, views) if self.lists else {}
        for shown in fresh:
            shown.head = self._head(snapshot, shown)
        items: dict[int, Raw] = {}
        hear: dict[int, dict[Any, None]] = {}
        told: list[Told] = []
        for key, had in before.items():
            shown = self.lists[key]
            item = _item(at, snapshot, shown, items)
            told += self._tell(snapshot, shown, had, None if anew else moved[key], item)
            self._hear(snapshot, views, shown, had, hear)
        if wanted is not None:
            told += self._grant(at, snapshot, wanted, away, items)
        told += self._presences(snapshot, hear)
        self._stirred = False
        self._again.clear()
        self._dirty.clear()
        self._told.clear()
        self._fresh.clear()
        return told

    def _wanted(self, snapshot: Snapshot, views: Views) -> "Wanted":
        """Which lists each session wants to follow and may."""
        wanted = Wanted({}, {})
        keys: dict[int, str] = {}
        for who, wish in self.wishes.items():
            member = snapshot.members.get(who.user_id)
            if member is None or not wish.channels:
                continue
            sees = sight(views, member.roles, member.user_id)
            lists: dict[str, list[Window]] = {}
            for channel_id, windows in wish.channels.items():
                # Nobody starts a thread's list: who is in a thread is another question.
                if sees & views.bit(channel_id) and not snapshot.channels[channel_id].is_thread:
                    key = keys.get(channel_id)
                    if key is None:
                        key = viewers(snapshot.channels[channel_id].overwrites)
                        keys[channel_id] = key
                        wanted.channels[key] = channel_id
                    lists.setdefault(key, []).extend(windows)
            wanted.lists[who] = lists
        return wanted

    def _drop(self, wanted: "Wanted") -> None:
        """Forget who may not or does not want to follow a list any more, and lists of nobody's."""
        for key, shown in list(self.lists.items()):
            channel_id = wanted.channels.get(key)
            if channel_id is None:
                del self.lists[key]
                continue
            shown.channel_id = channel_id
            for who in list(shown.watchers):
                if key not in wanted.lists.get(who, ()):
                    del shown.watchers[who]
        if not self.lists:
            self._keys = {}

    def _missing(self, wanted: "Wanted", *, anew: bool) -> dict[str, int]:
        """The lists that have to be made, with a channel of each; `anew` those that are there."""
        kept = [key for key in self.lists if key in wanted.channels]
        fresh = [key for key in wanted.channels if key not in self.lists]
        fresh = fresh[: max(0, MOST_LISTS - len(kept))]
        return {key: wanted.channels[key] for key in ([*kept, *fresh] if anew else fresh)}

    def _ordering_of(
        self, at: Place, missing: dict[str, int], *, anew: bool
    ) -> Steps[Ordered | None]:
        known = None if anew or not self.lists else (self._order, self._keys)
        return ordered(at, known, missing)

    def _install(self, made: Ordered, wanted: "Wanted") -> list[Shown]:
        """Take what was made; gives the lists that there were not."""
        self._order, self._keys = made.order, made.keys
        fresh: list[Shown] = []
        for key, shown in made.lists.items():
            old = self.lists.get(key)
            if old is not None:
                old.rows, old.sees = shown.rows, shown.sees
            elif key in wanted.channels:
                self.lists[key] = shown
                fresh.append(shown)
        return fresh

    def _move(self, at: Place, snapshot: Snapshot, views: Views) -> dict[str, set[int]]:
        """Put those who changed where they stand now; gives who moved in which list."""
        moved: dict[str, set[int]] = {key: set() for key in self.lists}
        for user_id in self._dirty:
            member = snapshot.members.get(user_id)
            old, new = self._keys.pop(user_id, None), None
            if member is not None:
                online = user_id in snapshot.presences
                new = self._order.key(member, at.user(user_id), online=online)
                if new is not None:
                    self._keys[user_id] = new
            for key, shown in self.lists.items():
                was = old if old in shown.rows else None
                now = new if member is not None and shown.has(views, member) else None
                if was == now:
                    continue
                moved[key].add(user_id)
                if was is not None:
                    shown.rows.remove(was)
                if now is not None:
                    shown.rows.add(now)
        return moved

    def _tell(
        self, snapshot: Snapshot, shown: Shown, had: "Had", moved: set[int] | None, item: Item
    ) -> Iterator[Told]:
        """What changed of a list, to each session that has some of its rows.

        Where it was ordered anew, and so nothing is known to have moved, whole windows are told.
        """
        head = self._head(snapshot, shown)
        same = head == shown.head
        shown.head = head
        dirty = self._dirty.keys()
        ops: dict[Window, list[dict[str, Any]]] = {}
        for window, old in had.rows.items():
            new = had.now[window] = shown.rows.rows(window)
            if moved is not None or old == new:
                ops[window] = changes(window, old, new, moved or (), dirty, item)
            else:
                ops[window] = sync(window, new, item)
        counts: list[Any] = []
        for windows, who in had.who.items():
            mine = [op for window in windows for op in ops[window]]
            if mine:
                yield Told(who, LIST_UPDATE, {**head, "ops": mine})
            else:
                counts += who
        if counts and not same:
            yield Told(counts, LIST_UPDATE, {**head, "ops": []})

    def _head(self, snapshot: Snapshot, shown: Shown) -> dict[str, Any]:
        return {
            "guild_id": str(self.guild_id),
            "id": shown.id,
            "member_count": len(snapshot.members),
            "online_count": len(snapshot.presences),
            "groups": [{"id": group, "count": count} for group, count in shown.rows.groups()],
        }

    def _hear(
        self,
        snapshot: Snapshot,
        views: Views,
        shown: Shown,
        had: "Had",
        hear: dict[int, dict[Any, None]],
    ) -> None:
        """Note who has a member in their rows of whose presence is told."""
        if not self._told:
            return
        found: dict[Window, set[int]] = {}
        told = self._told.keys()
        # Who went out of the rows, as by going offline, but not out of sight.
        members = snapshot.members
        seen = {i for i in told if i in members and shown.has(views, members[i])}
        for window, old in had.rows.items():
            found[window] = told & set(had.now[window]) | seen & set(old)
        for windows, who in had.who.items():
            for window in windows:
                for user_id in found[window]:
                    hear.setdefault(user_id, {}).update(dict.fromkeys(who))

    def _grant(
        self,
        at: Place,
        snapshot: Snapshot,
        wanted: "Wanted",
        away: Collection[Any],
        items: dict[int, Raw],
    ) -> Iterator[Told]:
        """Show sessions the rows that they want and do not have yet."""
        for who, lists in wanted.lists.items():
            for key, ranges in lists.items():
                shown = self.lists.get(key)
                if shown is None:  # there are too many
                    continue
                if who in away:
                    shown.watchers[who] = ()
                    continue
                held, windows = shown.watchers.get(who, ()), merge(ranges)
                fresh = [each for each in dict.fromkeys(ranges) if without([each], held)]
                gone = without(held, windows)
                if not fresh and not gone and who in self._again:
                    fresh = list(dict.fromkeys(ranges))
                shown.watchers[who] = windows
                if fresh or gone:
                    item = _item(at, snapshot, shown, items)
                    ops = [{"op": "INVALIDATE", "range": window} for window in gone]
                    for window in fresh:
                        ops += sync(window, shown.rows.rows(window), item)
                    yield Told((who,), LIST_UPDATE, {**self._head(snapshot, shown), "ops": ops})

    def _presences(self, snapshot: Snapshot, hear: dict[int, dict[Any, None]]) -> Iterator[Told]:
        """Presences, in large guilds, where not everybody is told of everybody's."""
        members = snapshot.members
        if len(members) <= LARGE:
            return
        for user_id in self._told:
            who = {**hear.get(user_id, {}), **self.members.get(user_id, {})}
            if user_id in members and who:
                presence = snapshot.presences.get(user_id)
                yield Told(
                    who, "PRESENCE_UPDATE", presence_object(user_id, presence, self.guild_id)
                )
        for one, user_ids in self._fresh:
            for user_id in sorted(user_ids & snapshot.presences.keys() & members.keys()):
                presence = snapshot.presences[user_id]
                d = presence_object(user_id, presence, self.guild_id)
                yield Told((one,), "PRESENCE_UPDATE", d)


class Wanted(Struct):
    """The lists that sessions want and may follow, with the ranges; one channel of each list."""

    lists: dict[Any, dict[str, list[Window]]]
    channels: dict[str, int]


class Had(Struct):
    """What those who follow a list have of it: whole sets of windows, and each window's rows."""

    who: dict[Windows, list[Any]]
    rows: dict[Window, list[Row]]
    now: dict[Window, list[Row]]
    """The same rows after the turn's changes."""


def _had(shown: Shown) -> Had:
    """What those who follow a list have of it."""
    had = Had({}, {}, {})
    for who, windows in shown.watchers.items():
        if windows:
            had.who.setdefault(windows, []).append(who)
    for windows in had.who:
        for window in windows:
            if window not in had.rows:
                had.rows[window] = shown.rows.rows(window)
    return had


def _item(at: Place, snapshot: Snapshot, shown: Shown, items: dict[int, Raw]) -> Item:
    """How the rows of a list are shown; members are made once for all lists."""
    counts = dict(shown.rows.groups())

    def item(row: Row) -> Any:
        if isinstance(row, str):
            return {"group": {"id": row, "count": counts[row]}}
        made = items.get(row)
        if made is None:
            member = bytes(at.member_json(snapshot.members[row]))
            presence = _encode(friend_presence(row, snapshot.presences.get(row)))
            made = Raw(b'{"member":%b,"presence":%b}}' % (member[:-1], presence))
            items[row] = made
        return made

    return item
