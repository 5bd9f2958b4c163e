"""The world that verbs act on: homes with their snapshots, and the one way to change them."""

import asyncio
import hashlib
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from hearth.actions.home import Home
from hearth.actions.indexing import Indexing
from hearth.actions.ties import Ties
from hearth.core.backups import Backups
from hearth.core.blobs import Blobs
from hearth.core.commits import Commit, Noun, apply
from hearth.core.errors import STORAGE_FULL, Refused, rate_limited
from hearth.core.events import Event, MessageAck
from hearth.core.ids import IdMaker
from hearth.core.limits import Bucket, Limit, Quota, Rate
from hearth.core.models.attachments import (
    Attachment,
    AttachmentObject,
    MediaLimits,
    attachment_object,
    signed,
)
from hearth.core.models.guilds import Guild
from hearth.core.models.users import CONTENT_FLAGS, Application, ReadState, Token, User
from hearth.core.operations import Principal
from hearth.core.pictures import Pictures
from hearth.core.ports import (
    Alone,
    Bus,
    Clock,
    Directory,
    Entry,
    Exists,
    Kind,
    MessageLog,
    Missing,
    Placement,
    StorageFull,
    TooMany,
)
from hearth.core.record import decode
from hearth.core.search import Search
from hearth.core.throttle import Throttle
from hearth.core.visibility import Views
from hearth.core.voice_ports import Health, IceServer, Route
from hearth.edge.tasks import Tasks

logger = logging.getLogger(__name__)

ACK_S = 2.0
"""Read states wait so long to be written together."""

CONSUMERS = ("unread", "attachments")
"""The journal's consumers (`hearth.actions.consumers`)."""

KEEP_ROWS = 100_000
"""Rows of the journal that stay when all consumers have passed them, for `check`."""

_IN_THE_WAY = (Missing, Exists, TooMany)

IDLE_S = 1800.0
"""A guild that nobody touched for so long is dropped from memory."""


class Posted(Struct, gc=False):
    """The note that a message verb puts on its log entry."""

    home: Home
    tell: tuple[Event, ...]
    done: asyncio.Future[None]


Receiver = Callable[[Home | None, Views | None, Commit], None]
"""Called in the commit's own step with the home, its views before it, and the commit."""


class World:
    """One process's view of everything: the homes that it owns or follows, and its ports."""

    def __init__(
        self,
        *,
        directory: Directory,
        log: MessageLog,
        blobs: Blobs,
        pictures: Pictures,
        bus: Bus,
        placement: Placement,
        clock: Clock,
        ids: IdMaker,
        tasks: Tasks,
        scale: float = 1.0,
        epoch: int = 0,
        key: bytes | None = None,
        registration: str = "invite",
        data: Path | None = None,
        reserve_bytes: int = 0,
        origin: str = "http://localhost",
        media: MediaLimits | None = None,
        search: Search | None = None,
        backups: Backups | None = None,
    ) -> None:
        self.directory = directory
        self.log = log
        self.blobs = blobs
        self.pictures = pictures
        self.bus = bus
        self.placement = placement
        self.alone = isinstance(placement, Alone)
        """Whether every home is owned here."""
        self.clock = clock
        self.ids = ids
        self.tasks = tasks
        self.scale = scale
        self.epoch = epoch
        self.key = secrets.token_bytes(32) if key is None else key
        """What secrets and tickets are sealed with (`core.seal`); one made here dies with this."""
        self.registration = registration
        """Who may make an account: open, invite or closed."""
        self.data, self.reserve_bytes = data, reserve_bytes
        """Where files are that are no metadata, None for nowhere, and what they leave free."""
        self.search, self.indexing = search, Indexing()
        self.exporting = asyncio.Lock()
        self.backups = backups
        self.check_voice: Callable[[], Awaitable[Sequence[Route]]] | None = None
        """Asks the media server, where there is one, for its ways. Raises OSError."""
        self.guests_check_voice = True
        self.voice_relays: Callable[[int], Sequence[IceServer]] = lambda user_id: ()
        """What the relays are tried with by a user, or by a guest (0)."""
        self.collecting = asyncio.Lock()
        """Held while blobs are deleted, and while none may be."""
        self.media = media or MediaLimits()
        self.origin = origin
        """Where people find the server: what the links begin with that it gives out."""
        self.sent_bytes = Quota()
        """What each user has sent in files within the hour."""
        self.voice_health: Callable[[], Sequence[Health]] = lambda: ()
        """How the processes are that carry media."""
        self.failures = Throttle()
        """Failed log-ins."""
        self.used: set[bytes] = set()
        """Tokens that were used since that was last written down."""
        self.ties = Ties(directory)
        self.homes: dict[int, Home] = {}
        self.nowhere = Home(self, 0)
        self.receivers: list[Receiver] = []
        self.logged_hooks: list[Callable[[], None]] = []
        self._loading: dict[int, asyncio.Future[Home]] = {}
        self._waiting: dict[int, list[Commit]] = {}
        self._home_of: dict[int, int] = {}
        self._users: dict[int, User] = {}
        self._principals: dict[bytes, Principal] = {}
        self._revocations = 0
        self._last_n = 0
        self._acks: dict[tuple[int, int], ReadState] = {}
        self._flushing: asyncio.Task[None] | None = None
        self._flush_turn = asyncio.Lock()
        bus.subscribe(self.receive)

    # Time and names

    def wall_ms(self) -> int:
        """Epoch milliseconds."""
        return int(self.clock.wall() * 1000)

    def make_id(self) -> int:
        """A new snowflake."""
        return self.ids.make(self.wall_ms())

    # Homes

    async def home(self, key: int) -> Home:
        """The home of a guild or private channel with its snapshot, loaded at first touch.

        Where another process owns it, this is a copy that follows the owner's commits.
        A key that is neither has no snapshot, and its home is not kept.
        """
        while True:
            home = self.homes.get(key)
            if home is not None:
                home.touched = self.clock.now()
                return home
            loading = self._loading.get(key)
            if loading is None:
                loading = self.tasks.start(self._load(key), name=f"load-{key}")
                self._loading[key] = loading
            home = await asyncio.shield(loading)
            if home.snapshot is None:
                return home
            # Again: a hole may have dropped it in the meantime.

    async def _load(self, key: int) -> Home:
        try:
            link = self.placement.link(key)
            self._waiting[key] = []
            if link is None:
                snapshot = await self.directory.home(key)
            else:
                snapshot = await link.snapshot(key)
            home = Home(self, key)
            if snapshot is not None:
                self._users.update(snapshot.users)
                snapshot.users = self._users
                home.n = self._last_n if link is None else snapshot.n
                home.see(snapshot)
                self.homes[key] = home
            for commit in self._waiting.pop(key):
                if link is None or commit.n > home.n:
                    self.receive(commit)
            return home
        finally:
            self._waiting.pop(key, None)
            del self._loading[key]

    def user_home(self, user_id: int) -> Home:
        """The home of a user, which has no snapshot."""
        home = self.homes.get(user_id)
        if home is None:
            home = self.homes[user_id] = Home(self, user_id)
        return home

    async def home_of(self, channel_id: int) -> int | None:
        """The key of a channel's home; a channel never moves, so it is kept for ever."""
        key = self._home_of.get(channel_id)
        if key is None:
            key = await self.directory.home_of(channel_id)
            if key is not None:
                self._home_of[channel_id] = key
        return key

    def known_home_of(self, channel_id: int) -> int | None:
        """`home_of` where no look-up is needed."""
        return self._home_of.get(channel_id)

    def drop_idle(self, in_use: Callable[[int], bool]) -> int:
        """Drop homes that nobody touched for half an hour; how many went."""
        now = self.clock.now()
        idle = [
            key
            for key, home in self.homes.items()
            if home.tidy(now)
            and home.touched < now - IDLE_S
            and not home.presences
            and not (home.snapshot and home.snapshot.voice_states)
            and not in_use(key)
        ]
        for key in idle:
            # A home that is loaded again counts on: for followers its numbers never go back.
            self._last_n = max(self._last_n, self.homes.pop(key).n)
        self.nowhere.tidy(now)
        return len(idle)

    # Users and tokens

    def user(self, user_id: int) -> User:
        """A user that was loaded before; an unknown one is shown as deleted."""
        user = self._users.get(user_id)
        return user or User(id=user_id, username="deleted_user")

    def known_user(self, user_id: int) -> User | None:
        """A user that was loaded before."""
        return self._users.get(user_id)

    async def load_users(self, ids: Iterable[int]) -> None:
        """Read the users among `ids` that are not in memory yet."""
        missing = {user_id for user_id in ids if user_id not in self._users}
        if missing:
            for user in await self.directory.users(missing):
                self._users.setdefault(user.id, user)

    async def authenticate(self, token: str) -> Principal | None:
        """Whose token this is, with or without its `Bot ` or `Bearer ` prefix."""
        bare = token.removeprefix("Bot ").removeprefix("Bearer ").strip()
        # Bytes that are no UTF-8 come from the door as lone surrogates.
        digest = hashlib.sha256(bare.encode(errors="surrogateescape")).digest()
        known = self._principals.get(digest)
        if known is not None:
            self.used.add(digest)
            return known
        while True:
            revocations = self._revocations
            row = await self.directory.token(digest)
            if row is None:
                return None
            await self.load_users([row.user_id])
            factor = await self.directory.second_factor(row.user_id)
            application = await self.directory.application_of(row.user_id)
            if self._revocations == revocations:
                break
            # A token was taken back meanwhile, perhaps this one, and must not come to be known.
        user = self.known_user(row.user_id)
        if user is None:
            return None
        who = Principal(
            kind="bot" if user.bot else "user",
            user_id=user.id,
            token=digest,
            mfa=factor is not None,
            content=application is not None and application.flags & CONTENT_FLAGS != 0,
        )
        self._principals[digest] = who
        self.used.add(digest)
        return who

    def files(
        self, channel_id: int, attachments: Sequence[Attachment]
    ) -> tuple[AttachmentObject, ...]:
        """Attachments as they are shown now."""
        if not attachments:
            return ()
        wall_s = int(self.clock.wall())

        def url(channel_id: int, id: int, filename: str) -> str:
            return signed(self.key, wall_s, channel_id, id, filename)

        return tuple(attachment_object(each, channel_id, self.origin, url) for each in attachments)

    # Limits

    def take(
        self, home: Home, bucket_name: str, rate: Rate, who: Principal, major: int | str
    ) -> Limit | None:
        """Count a call of `who`; raises a 429 that carries the bucket's `Limit` when it is full.

        Only people and bots have limits, and who is not known by their address, the `major`.
        """
        if who.kind not in ("user", "bot") and not (who.kind == "anonymous" and major):
            return None
        most = max(1, int(rate.limit * self.scale))
        now = self.clock.now()
        key = bucket_name, major, who.user_id
        buckets = home.busy.buckets
        bucket = buckets.get(key)
        if bucket is None:
            bucket = buckets[key] = Bucket()
        allowed = bucket.take(most, rate.per, now)
        left = bucket.ends - now
        limit = Limit(bucket_name, most, most - bucket.used, left)
        if not allowed:
            refused = rate_limited(max(round(left, 3), 0.001))
            refused.limit = limit
            raise refused
        return limit

    def is_spent(
        self, home: Home, bucket_name: str, rate: Rate, who: Principal, major: int
    ) -> bool:
        """Whether the next `take` of the same will refuse."""
        bucket = home.busy.buckets.get((bucket_name, major, who.user_id))
        most = max(1, int(rate.limit * self.scale))
        return bucket is not None and bucket.used >= most and self.clock.now() < bucket.ends

    # Changes

    async def commit(
        self,
        home: Home,
        save: Sequence[Noun],
        delete: Sequence[Noun],
        tell: Sequence[Event],
        beside: Sequence[Noun] = (),
    ) -> None:
        """Make a change durable, then public. The caller holds the home's turn.

        What is saved `beside` it is kept and not published: nobody has a copy of it.
        """
        if not home.busy.turn.locked():
            raise RuntimeError("a commit outside of its home's turn")
        # Shielded: a caller that goes away must not part the disk from the memory.
        refused = await asyncio.shield(
            self.tasks.start(
                self._commit(home, save, delete, tell, beside), name=f"commit-{home.key}"
            )
        )
        if refused is not None:
            raise refused

    async def _commit(
        self,
        home: Home,
        save: Sequence[Noun],
        delete: Sequence[Noun],
        tell: Sequence[Event],
        beside: Sequence[Noun],
    ) -> Refused | None:
        try:
            await self.write([*save, *beside], delete)
        except Refused as refused:
            return refused
        self.publish(home, save, delete, tell)
        return None

    async def write(self, save: Sequence[Noun], delete: Sequence[Noun] = ()) -> None:
        """Make nouns durable and tell nobody; refuses with 503 when the disk is full."""
        try:
            await self.directory.commit(save, delete)
        except StorageFull as error:
            raise Refused(STORAGE_FULL) from error

    async def save(
        self, nouns: Sequence[Noun], *, home: int = 0, delete: Sequence[Noun] = ()
    ) -> None:
        """Make nouns durable that no loaded snapshot holds yet: accounts, tokens, a new guild."""
        await self.write(nouns, delete)
        self.bus.publish(Commit(home, self.epoch, 0, nouns, delete))

    def publish(
        self,
        home: Home,
        save: Sequence[Noun] = (),
        delete: Sequence[Noun] = (),
        tell: Sequence[Event] = (),
    ) -> None:
        """Tell everybody of a change that is durable, or that needs not be."""
        n = home.n + 1
        self.bus.publish(Commit(home.key, self.epoch, n, save, delete, tell))

    def post(self, home: Home, entry: Entry, *tell: Event) -> asyncio.Future[None]:
        """Queue a change to the log; the future is done when it is durable and was told.

        It fails with `Missing`, `Exists` or `TooMany` when it cannot be done (see `ports.Kind`),
        with `Refused` when the disk is full.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry.note = Posted(home, tell, done)
        try:
            self.log.put(entry)
        except StorageFull as error:
            raise Refused(STORAGE_FULL) from error
        return done

    async def acknowledge(self, ack: MessageAck) -> None:
        """Remember how far a user has read; written within two seconds, lost at kill -9 before."""
        self._acks[ack.user, ack.channel] = ReadState(
            user_id=ack.user, channel_id=ack.channel, last_message_id=ack.message_id
        )
        if self._flushing is None:
            self._flushing = self.tasks.start(self._flush_acks(), name="acks")
        self.publish(self.user_home(ack.user), tell=[ack])

    def has_unwritten_acks(self, user_id: int) -> bool:
        """Whether something that a user has read waits here to be written, or is being written."""
        return self._flush_turn.locked() or any(reader == user_id for reader, _ in self._acks)

    async def forget_ack(self, user_id: int, channel_id: int) -> None:
        """Forget how far a user has read a channel."""
        self._acks.pop((user_id, channel_id), None)
        state = ReadState(user_id=user_id, channel_id=channel_id, last_message_id=0)
        await self.write([], [state])

    async def _flush_acks(self) -> None:
        await asyncio.sleep(ACK_S)
        await self.flush()

    async def flush(self) -> None:
        """Write the read states that wait."""
        async with self._flush_turn:
            acks, self._acks, self._flushing = self._acks, {}, None
            if not acks:
                return
            try:
                await self.directory.commit(list(acks.values()), [])
            except StorageFull:
                logger.warning("disk full, acks lost=%d", len(acks))

    def purge(self, channel_ids: Iterable[int]) -> None:
        """Remove the messages of channels that are gone, in the background."""
        for channel_id in channel_ids:
            self.tasks.start(self.log.purge(channel_id), name=f"purge-{channel_id}")

    async def purge_orphans(self) -> None:
        """Remove message ranges whose channel is gone from SQL: what a crash left of a purge."""
        for channel_id in await self.log.channels():
            if await self.directory.home_of(channel_id) is None:
                await self.log.purge(channel_id)

    async def trim_journal(self) -> int:
        """Delete rows of the journal that every consumer has long finished; how many went."""
        done = [await self.directory.cursor(consumer) for consumer in CONSUMERS]
        return await self.log.trim(min(done) - KEEP_ROWS)

    async def check(self) -> list[str]:
        """Whether log, metadata, journal and blobs agree; a sentence for each fault."""
        faults = [*await self.directory.check(), *await self.log.check(decode)]
        after = b""
        while held := await self.directory.held_blobs(after, 500):
            after = held[-1]
            lost = [each for each in held if await self.blobs.size(each) is None]
            faults += [f"File {each.hex()} is gone, and something refers to it." for each in lost]
        for consumer in CONSUMERS:
            cursor = await self.directory.cursor(consumer)
            rows = await self.log.journal(cursor - 1, 1) if cursor else []
            if cursor and (not rows or rows[0].n != cursor):
                faults.append(f"consumer {consumer} is at row {cursor}, which the journal lacks")
        return [*faults, *(await self.search.check() if self.search else ())]

    def logged(self, results: Sequence[tuple[Entry, Exception | None]]) -> None:
        """The log's completion: tell of each entry in order, then answer who posted it."""
        for entry, error in results:
            note = entry.note
            assert isinstance(note, Posted)
            if error is None and note.tell:
                self.publish(note.home, tell=note.tell)
            if note.done.done():
                continue
            if error is None:
                note.done.set_result(None)
            elif isinstance(error, _IN_THE_WAY) and entry.kind is not Kind.CREATE:
                note.done.set_exception(error)
            else:
                if not isinstance(error, StorageFull):
                    logger.error("log failed channel=%d id=%d", entry.channel_id, entry.id,
                                 exc_info=error)  # fmt: skip
                note.done.set_exception(Refused(STORAGE_FULL))
        for hook in self.logged_hooks:
            hook()

    def receive(self, commit: Commit) -> None:
        """Take a commit, from here or elsewhere: the snapshot first, then whoever listens."""
        waiting = self._waiting.get(commit.home)
        if waiting is not None:
            waiting.append(commit)
        for noun in commit.save:
            if isinstance(noun, User):
                self._users[noun.id] = noun
            elif isinstance(noun, Application):
                self._principals.clear()  # what its bot may read may be otherwise now
                self._revocations += 1
        for noun in commit.delete:
            if isinstance(noun, Token):
                self._principals.pop(noun.hash, None)
                self.used.discard(noun.hash)
                self._revocations += 1
        self.ties.learn(commit)
        home = self.homes.get(commit.home)
        before = None
        if home is not None:
            # A user's home has no snapshot, so nothing of it can be stale.
            follows = (
                waiting is None
                and home.snapshot is not None
                and self.placement.link(home.key) is not None
            )
            if follows and commit.n <= home.n:
                return  # It was late: the snapshot that was loaded has it.
            if follows and commit.n != home.n + 1:
                # A hole: this copy is stale. It is dropped; its sessions must start anew.
                logger.warning("hole home=%d n=%d expected=%d", home.key, commit.n, home.n + 1)
                del self.homes[home.key]
                home = None
                commit = Commit(commit.home, commit.epoch, 0)
            else:
                home.n = commit.n
                before = home.views
                if any(isinstance(noun, Guild) for noun in commit.delete):
                    # Who waits for its turn finds no guild any more.
                    home.snapshot = home.views = None
                    del self.homes[home.key]
                elif home.snapshot is not None and (commit.save or commit.delete):
                    home.see(apply(home.snapshot, commit), rebuild=commit.moves_sight)
        for receiver in self.receivers:
            receiver(home, before, commit)
