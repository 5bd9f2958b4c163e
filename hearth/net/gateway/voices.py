"""Tells sessions who is in voice, and knows which sessions brought their users there."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress

import msgspec

from hearth.actions.gate import call
from hearth.actions.world import Home, World
from hearth.core.commits import Commit
from hearth.core.errors import Refused
from hearth.core.models.guilds import Snapshot
from hearth.core.models.voice import VoiceState
from hearth.core.operations import OPERATIONS, SYSTEM
from hearth.core.voice_events import VoiceServerUpdate, VoiceStateUpdate
from hearth.net.gateway.codec import Payload
from hearth.net.gateway.cohorts import Room
from hearth.net.gateway.session import Session

_encode = msgspec.json.Encoder().encode


class Voices:
    """Where each session of this process has brought its user into voice."""

    def __init__(
        self,
        world: World,
        tell: Callable[[Session, Payload], None],
        sessions: Mapping[str, Session],
        of_user: Mapping[int, Sequence[Session]],
    ) -> None:
        self._world = world
        self._tell = tell
        self._sessions = sessions
        self._of_user = of_user
        self._places: dict[str, dict[int, None]] = {}
        """The homes of each session that is in any, by its id."""

    def note(self, commit: Commit) -> None:
        """Learn from a commit which session has brought its user where."""
        for noun in commit.delete:
            if isinstance(noun, VoiceState) and noun.session in self._places:
                self._places[noun.session].pop(noun.home_id, None)
                if not self._places[noun.session]:
                    del self._places[noun.session]
        for noun in commit.save:
            if isinstance(noun, VoiceState) and noun.session in self._sessions:
                places = self._places.setdefault(noun.session, {})
                if noun.home_id not in places:
                    places[noun.home_id] = None
                    self._came(noun)

    def _came(self, state: VoiceState) -> None:
        """A person is in one place at a time, whichever device brought them there; bots are not."""
        for session in self._of_user.get(state.user_id, ()):
            for key in list(self._places.get(session.id, ())) if session.wants_all else ():
                if key != state.home_id:
                    self._world.tasks.start(self._leave(session, key), name="leave-voice")

    def leave(self, session: Session, *, calls: bool = False) -> None:
        """Take a session's user out of voice wherever it has brought them; or out of calls."""
        for key in list(self._places.get(session.id, ())):
            home = self._world.homes.get(key)
            if calls and home is not None and home.snapshot and home.snapshot.guild:
                continue
            self._world.tasks.start(self._leave(session, key), name="leave-voice")

    async def _leave(self, session: Session, key: int) -> None:
        at: dict[str, int | str] = {"home_id": key, "user_id": session.user_id}
        at["session"] = session.id
        with suppress(Refused):  # A home that is gone by now.
            await call(self._world, OPERATIONS["leave_voice"], SYSTEM, at)

    def forget(self, session: Session) -> None:
        """A session has ended."""
        self._places.pop(session.id, None)

    def tell_session(self, event: VoiceServerUpdate) -> None:
        """Tell the one session that is to connect for voice."""
        session = self._sessions.get(event.session)
        if session is not None and session.user_id == event.user:
            self._tell(session, Payload(event.name, _encode(event.data(self._world.nowhere))))

    def tell_room(self, event: VoiceStateUpdate, home: Home, room: Room) -> None:
        """Who sees where somebody is hears that, who only saw where they were that they left."""
        full: Payload | None = None
        left: Payload | None = None
        seeing = () if event.gone else room.seeing(event.channel_id)
        saw = () if event.before is None else room.seeing(event.before)
        for cohort in room.cohorts.values():
            here, there = cohort in seeing, cohort in saw
            for session in cohort.sessions:
                if not session.intents & event.intent:
                    continue
                if here or session.user_id == event.user_id:
                    full = full or Payload(event.name, _encode(event.data(home)))
                    self._tell(session, full)
                elif there:
                    left = left or Payload(event.name, _encode(event.left(home)))
                    self._tell(session, left)


def voices_in(
    snapshot: Snapshot, channel_ids: Iterable[int], *, gone: bool
) -> list[VoiceStateUpdate]:
    """Who is in channels that somebody sees from now on, or sees no more."""
    wanted = set(channel_ids)
    return [
        VoiceStateUpdate(state, None, gone=gone)
        for state in snapshot.voice_states.values()
        if state.channel_id in wanted
    ]
