"""Who sees what in a guild, by groups: sessions with the same roles share one sight.

Pure. A cohort is every session of one guild with the same role set; whoever a member overwrite
names, and the owner, stand alone.
"""

from collections.abc import Hashable, Iterable, Iterator

from hearth.core.models.channels import Channel
from hearth.core.models.guilds import Snapshot
from hearth.core.visibility import Views, changes, cohort_key, sight
from hearth.net.gateway.session import Session


class Cohort:
    """Sessions that see the same channels; `sight` has bit i set for channel i of the views."""

    __slots__ = ("guild_id", "key", "roles", "sessions", "sight", "user_id")

    def __init__(
        self, guild_id: int, key: Hashable, roles: tuple[int, ...], user_id: int, seen: int
    ) -> None:
        self.guild_id = guild_id
        self.key = key
        self.roles = roles
        self.user_id = user_id
        self.sight = seen
        self.sessions: dict[Session, None] = {}


class Room:
    """The sessions of one guild in this process, grouped by what they see."""

    __slots__ = ("_by_channel", "channels", "cohorts", "guild_id", "views")

    def __init__(self, guild_id: int, views: Views, channels: dict[int, Channel]) -> None:
        self.guild_id = guild_id
        self.views = views
        self.channels = channels
        """The channels as its sessions know them."""
        self.cohorts: dict[Hashable, Cohort] = {}
        self._by_channel: dict[int, list[Cohort]] = {}

    def join(self, session: Session, snapshot: Snapshot) -> Cohort:
        """Put a member's session into its cohort; it may be in one already."""
        member = snapshot.members[session.user_id]
        key = cohort_key(self.views, snapshot.the_guild, member)
        cohort = self.cohorts.get(key)
        if cohort is None:
            seen = sight(self.views, member.roles, session.user_id)
            cohort = Cohort(self.guild_id, key, member.roles, session.user_id, seen)
            self.cohorts[key] = cohort
            self._by_channel.clear()
        if cohort not in session.cohorts:
            self.leave(session)
            fellow = next(iter(cohort.sessions), session)
            cohort.sessions[session] = None
            # Most stand where another does: they share the tuple.
            stands = (*session.cohorts, cohort)
            session.cohorts = fellow.cohorts if fellow.cohorts == stands else stands
        return cohort

    def leave(self, session: Session) -> None:
        """Take a session out of the guild."""
        cohort = session.cohort(self.guild_id)
        if cohort is None:
            return
        session.cohorts = tuple([other for other in session.cohorts if other is not cohort])
        cohort.sessions.pop(session, None)
        if not cohort.sessions and self.cohorts.get(cohort.key) is cohort:
            del self.cohorts[cohort.key]
            self._by_channel.clear()

    def turn(
        self, after: Views, snapshot: Snapshot, movers: Iterable[Session], *, anybody: bool
    ) -> list[tuple[list[Session], list[int], list[int]]]:
        """Regroup after a change; gives (sessions, channel ids gained, channel ids lost).

        `movers` are those whose user's roles changed, if they are here; `anybody` says that roles,
        overwrites or channels did, which may move everybody else as well.
        """
        before = self.views
        # (sight before, sight after) and who went that way; movers leave their cohort behind.
        ways: dict[tuple[int, int], list[Session]] = {}
        alike = before.alone == after.alone and before.owner_id == after.owner_id
        if anybody and not alike:
            movers = self.sessions()
        moved = [
            (session, stood.sight)
            for session in movers
            if (stood := session.cohort(self.guild_id)) is not None
        ]
        if anybody:
            self.views = after
            self._by_channel.clear()
            moving = {session for session, _ in moved}
            for cohort in self.cohorts.values() if alike else ():
                seen, cohort.sight = cohort.sight, sight(after, cohort.roles, cohort.user_id)
                if seen != cohort.sight or before.channel_ids != after.channel_ids:
                    staying = [session for session in cohort.sessions if session not in moving]
                    ways.setdefault((seen, cohort.sight), []).extend(staying)
            if not alike:
                self.cohorts = {}
        for session, seen in moved:
            ways.setdefault((seen, self.join(session, snapshot).sight), []).append(session)
        turned: list[tuple[list[Session], list[int], list[int]]] = []
        for (seen, sees), sessions in ways.items():
            gained, lost = changes(before, seen, after, sees)
            if gained or lost:
                turned.append((sessions, gained, lost))
        return turned

    def seeing(self, channel_id: int) -> list[Cohort]:
        """The cohorts that see a channel; found once, then kept until something changes."""
        cohorts = self._by_channel.get(channel_id)
        if cohorts is None:
            bit = self.views.bit(channel_id)
            cohorts = [cohort for cohort in self.cohorts.values() if cohort.sight & bit]
            self._by_channel[channel_id] = cohorts
        return cohorts

    def sessions(self) -> Iterator[Session]:
        """Every session of the guild."""
        for cohort in self.cohorts.values():
            yield from cohort.sessions
