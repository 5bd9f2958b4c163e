"""The ports: what the rules ask of the world below and beside them, as Protocols."""

from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum
from typing import Protocol

from msgspec import Struct

from hearth.core.account_ports import Accounts
from hearth.core.commits import Commit
from hearth.core.models.assets import Asset
from hearth.core.models.attachments import PendingUpload, StoredFile, Upload
from hearth.core.models.audit import AuditEntry
from hearth.core.models.bans import Ban, BanSweep
from hearth.core.models.emojis import Emoji, EmojiImage
from hearth.core.models.guilds import Snapshot
from hearth.core.models.invites import Invite
from hearth.core.models.members import Member
from hearth.core.models.mentions import Mention
from hearth.core.models.messages import Message
from hearth.core.models.operators import OperatorEntry
from hearth.core.models.private import PrivateChannel
from hearth.core.models.settings import NotificationSettings, Personal
from hearth.core.models.social import Note, Relationship
from hearth.core.models.stickers import Sticker
from hearth.core.models.users import ReadState, User
from hearth.core.operations import Principal, Reply
from hearth.core.overview import Overview


class Kind(IntEnum):
    """What an `Entry` does to its key; stored in the journal, so values never change.

    MARK and UNMARK put a user's mark on a message and take it off, CLEAR takes the marks of all
    users off, PIN and UNPIN pin it. Consumers of the journal ignore kinds that they do not know.
    """

    CREATE = 0
    UPDATE = 1
    DELETE = 2
    MARK = 3
    UNMARK = 4
    CLEAR = 5
    PIN = 6
    UNPIN = 7


REMOVALS = frozenset({Kind.DELETE, Kind.UNMARK, Kind.CLEAR, Kind.UNPIN})
"""The kinds that a full disk takes too: they are how room is made."""


class Entry(Struct, gc=False):
    """One change to the message log.

    `value` is the record's bytes, for CREATE and UPDATE only. `nonce`, with a CREATE, is a key
    under which the id can be found again for ten minutes. `note` belongs to the caller and comes
    back untouched.

    `name` is the mark's, of 2 to 100 bytes; its first byte is its family, such as all reactions. A
    CLEAR of one byte takes off the whole family. `label` is kept with a mark's tally from its first
    mark on. `most` is how many different names of a family a message may have after a MARK, or how
    many pins a channel after a PIN; None is any number. `at_ms` is when it was marked or pinned.
    """

    kind: Kind
    channel_id: int
    id: int
    value: bytes | None = None
    nonce: bytes | None = None
    note: object = None
    name: bytes = b""
    user_id: int = 0
    at_ms: int = 0
    most: int | None = None
    label: bytes = b""


class Tally(Struct, frozen=True, gc=False):
    """How many users' marks of one `name` a message has, and whether the reader's is among them."""

    name: bytes
    count: int
    mine: bool
    label: bytes = b""


class Attached(Struct, frozen=True):
    """What hangs off a message: when it was pinned, and its tallies in the order they came."""

    pinned_at_ms: int | None = None
    tallies: tuple[Tally, ...] = ()


class Exists(Exception):
    """A CREATE found its key taken, a MARK or PIN found itself done already."""


class Missing(Exception):
    """There is no message at the key, or an UNMARK, CLEAR or UNPIN found nothing to take off."""


class TooMany(Exception):
    """A MARK of a new name or a PIN would be more than `most`."""


class Conflict(Exception):
    """A unique value (a username) is taken, or a noun names one that is not there.

    Nothing was written.
    """


class StorageFull(Exception):
    """The disk (or map) has no room; nothing of the entry was written."""


class Unusable(Exception):
    """What is stored cannot be opened: damaged, or of a later version; the text names the file."""


Committed = Callable[[Sequence[tuple[Entry, Exception | None]]], None]
"""Called once per batch on the loop, entries in commit order, each with why it failed or None."""


class JournalRow(Struct, frozen=True, gc=False):
    """One log transaction: number `n` and its entries as (kind, channel id, message id)."""

    n: int
    entries: tuple[tuple[int, int, int], ...]


class MessageLog(Protocol):
    """The log of messages: bytes under (channel id, message id), in order of both."""

    def put(self, entry: Entry) -> None:
        """Queue `entry` for the next commit; the outcome comes to `committed`.

        Deleting a message takes all that hangs off it along, in the same transaction. Raises
        `StorageFull` at once when free disk is below the reserve, unless it takes something away.
        """
        ...

    def get(self, channel_id: int, id: int) -> bytes | None:
        """The newest value, queued or committed."""
        ...

    def last_id(self, channel_id: int) -> int | None:
        """The greatest committed id of a channel."""
        ...

    async def page(
        self,
        channel_id: int,
        limit: int,
        *,
        before: int | None = None,
        after: int | None = None,
    ) -> list[bytes]:
        """Up to `limit` committed values, newest first.

        With `before` the newest below it, with `after` the oldest above it, with neither the
        newest of all.
        """
        ...

    async def attached(
        self, channel_id: int, ids: Sequence[int], user_id: int, *, cold: bool = False
    ) -> dict[int, Attached]:
        """What hangs off these messages, read by `user_id`; messages without are left out.

        `ids` are in order, up or down. `cold` says that they may have to come from a slow disk.
        """
        ...

    async def marked(
        self, channel_id: int, id: int, name: bytes, after: int, limit: int
    ) -> list[int]:
        """Up to `limit` users above `after` whose mark `name` the message has, ascending."""
        ...

    async def pins(self, channel_id: int) -> list[tuple[int, int]]:
        """A channel's pins as (when in epoch milliseconds, message id), the newest first.

        No two of a channel are of one millisecond.
        """
        ...

    def pinned(self, channel_id: int, id: int) -> bool:
        """Whether a message is pinned, by what is committed."""
        ...

    def last_pin_ms(self, channel_id: int) -> int | None:
        """When the newest of a channel's pins was made; None when it has none."""
        ...

    def nonce(self, key: bytes, wall_ms: int) -> int | None:
        """The id created under `key` within the last ten minutes."""
        ...

    async def journal(self, after: int, limit: int) -> list[JournalRow]:
        """Journal rows with n > `after`, ascending."""
        ...

    async def trim(self, before: int) -> int:
        """Delete journal rows with n < `before`, but never the last; how many went."""
        ...

    async def purge(self, channel_id: int) -> int:
        """Delete a channel's whole range in bounded transactions; how many records went.

        May be stopped and called again; the journal does not tell of it.
        """
        ...

    async def channels(self) -> list[int]:
        """Ids of the channels that have committed records, ascending."""
        ...

    def count(self) -> int:
        """How many committed records there are."""
        ...

    def greatest_id(self) -> int:
        """At least the greatest committed id of all channels; 0 when there never was a message.

        Ids that were created and deleted since count as far as the journal tells of them.
        """
        ...

    async def check(
        self, decode: Callable[[bytes], Message], *, tail_rows: int = 10_000
    ) -> list[str]:
        """What is wrong with records, what hangs off them, and the journal; a sentence each.

        `decode` raises ValueError for bytes that are no message.
        """
        ...

    async def close(self) -> None:
        """Commit what is queued, then close."""
        ...


class Directory(Accounts, Overview, Protocol):
    """The metadata: guilds, channels, roles, members, users, tokens. SQL is its durable form."""

    async def commit(self, save: Iterable[Struct], delete: Iterable[Struct]) -> None:
        """Delete nouns by their key, then write others, in one durable transaction.

        All or nothing; the order within `save` and within `delete` does not matter. Deleting a
        guild takes all that is its own along, a user his tokens, password, memberships, read
        states and application, a channel its read states and mentions. What a caller must tell
        about is his to save or delete too: roles named by members and overwrites, a channel's
        threads, a category's channels. Deleting a `Mention` removes every mention of its message,
        whatever its target. A `Mention` or `ReadState` whose channel or user is gone is left out
        without an error, because those who save them follow behind.
        Raises `Conflict`, `StorageFull`. A caller that is cancelled does not learn the outcome.
        """
        ...

    async def guild(self, guild_id: int) -> Snapshot | None:
        """A guild whole, with the users of its members and no presences; `n` is 0."""
        ...

    async def home(self, key: int) -> Snapshot | None:
        """A guild whole, or a private channel with its recipients and their users."""
        ...

    async def operator_log(self, limit: int) -> list[OperatorEntry]:
        """Up to `limit` entries of what operators looked at, newest first."""
        ...

    async def private_channels(self, user_id: int) -> list[PrivateChannel]:
        """The private channels that a user's list shows, by id."""
        ...

    async def private_channel_ids(self, user_id: int) -> list[int]:
        """Ids of all private channels that a user is in, ascending."""
        ...

    async def dm_of(self, pair: str) -> int | None:
        """The DM of two users (`models.private.pair_of`)."""
        ...

    async def share_a_guild(self, one: int, other: int) -> bool:
        """Whether two users are members of one guild."""
        ...

    async def home_of(self, channel_id: int) -> int | None:
        """The key of a channel's home: its guild, or itself where it is a private one."""
        ...

    async def users(self, ids: Iterable[int]) -> list[User]:
        """The users that exist among `ids`."""
        ...

    async def user_named(self, username: str) -> User | None:
        """The user with exactly this username."""
        ...

    async def guilds_of(self, user_id: int) -> list[int]:
        """Ids of the guilds that a user is a member of, ascending."""
        ...

    async def passing_members(self) -> list[Member]:
        """The temporary members without a role, of every guild."""
        ...

    async def guild_ids(self) -> list[int]:
        """Every guild's id, ascending."""
        ...

    async def guilds_named(self, name: str) -> list[int]:
        """Ids of the guilds with exactly this name."""
        ...

    async def emoji(self, emoji_id: int) -> Emoji | None:
        """An emoji of whichever guild."""
        ...

    async def sticker(self, sticker_id: int) -> Sticker | None:
        """A sticker of whichever guild."""
        ...

    async def emoji_image(self, emoji_id: int) -> EmojiImage | None:
        """The picture of an emoji where an earlier version put it."""
        ...

    async def emoji_images(self, limit: int) -> list[EmojiImage]:
        """Up to `limit` pictures that an earlier version put here."""
        ...

    async def asset(self, path: str) -> Asset | None:
        """Which picture is at a path."""
        ...

    async def referenced(self, blobs: Iterable[bytes]) -> set[bytes]:
        """Those of the blobs that something stored refers to."""
        ...

    async def held_blobs(self, after: bytes, limit: int) -> list[bytes]:
        """Up to `limit` blobs above `after` that something stored refers to, ascending."""
        ...

    async def file(self, id: int) -> StoredFile | None:
        """Where the attachment with this id is."""
        ...

    async def files_of(self, message_ids: Iterable[int]) -> list[StoredFile]:
        """The attachments that messages were seen to have."""
        ...

    async def unclaimed_files(self, before: int, limit: int) -> list[StoredFile]:
        """Up to `limit` attachments with ids below `before` that no message was seen to have."""
        ...

    async def file_bytes_of(self, guild_id: int) -> int:
        """How many bytes the attachments of a guild are."""
        ...

    async def file_bytes_by(self, user_id: int) -> int:
        """How many bytes the attachments are that a user sent."""
        ...

    async def upload(self, name: str) -> PendingUpload | None:
        """The file of this name that is sent before its message."""
        ...

    async def lapsed_uploads(self, before_ms: int, limit: int) -> list[PendingUpload]:
        """Up to `limit` files that were announced before `before_ms`."""
        ...

    async def bans(
        self, guild_id: int, limit: int, *, before: int | None = None, after: int | None = None
    ) -> list[Ban]:
        """Up to `limit` bans of a guild, by user id: the last below `before`, or the first above
        `after`, or the first.
        """
        ...

    async def bans_among(self, guild_id: int, user_ids: Iterable[int]) -> list[Ban]:
        """The bans that a guild has of these users."""
        ...

    async def ban_sweeps(self) -> list[BanSweep]:
        """The messages of the banned that are still to be deleted."""
        ...

    async def invite(self, code: str) -> Invite | None:
        """The invite with exactly this code, lapsed or not."""
        ...

    async def invites_of(self, guild_id: int) -> list[Invite]:
        """A guild's invites, lapsed ones too, the oldest first."""
        ...

    async def audit_entries(
        self,
        guild_id: int,
        limit: int,
        *,
        before: int | None = None,
        after: int | None = None,
        user_id: int | None = None,
        action_type: int | None = None,
        target_id: int | None = None,
    ) -> list[AuditEntry]:
        """Up to `limit` entries of a guild's audit log, the newest below `before` first.

        With `after` they are the oldest above it, the oldest first. The others leave out what was
        done by another, is another action, or was done to another.
        """
        ...

    async def read_states(self, user_id: int) -> list[ReadState]:
        """How far a user has read, per channel."""
        ...

    async def mention_counts(
        self, user_id: int, targets: Iterable[int], muted: Iterable[int] = ()
    ) -> dict[int, int]:
        """How many unread messages per channel mention one of `targets`; no zeros.

        `targets` are the user, his roles and his guilds (for @everyone). Unread is what comes
        after his read state, in a guild's channel also after he joined; channels of guilds that
        he is not a member of are left out, and what users wrote whom he blocks. In the channels
        `muted` only what names himself counts.
        """
        ...

    async def recent_mentions(
        self,
        user_id: int,
        targets: Iterable[int],
        channels: Iterable[int],
        limit: int,
        *,
        before: int,
        after: int,
    ) -> list[Mention]:
        """Up to `limit` messages in `channels`, of ids between both, that mention a target.

        The newest first, each once. Those that he wrote or dismissed, that came before he joined,
        or from users whom he blocks are left out.
        """
        ...

    async def trim_mentions(self, recent: int, badge: int) -> int:
        """Forget mentions and dismissals of messages before the id `recent`; how many mentions.

        What somebody counts who has not read it stays: as the one user that it names, or as one of
        a private channel. Mentions of roles and @everyone go when they are before `badge`.
        """
        ...

    async def relationships(self, user_id: int) -> list[Relationship]:
        """What others are to a user."""
        ...

    async def relationship(self, user_id: int, other_id: int) -> Relationship | None:
        """What another is to a user."""
        ...

    async def share_a_friend(self, one: int, other: int) -> bool:
        """Whether two users have a friend in common."""
        ...

    async def watchers(self, user_id: int) -> list[int]:
        """Who is told of a user's presence outside of guilds, ascending.

        Friends, and those whose DM with the user both lists show, unless one blocks the other.
        """
        ...

    async def notes(self, user_id: int) -> list[Note]:
        """A user's notes."""
        ...

    async def setting(self, user_id: int, kind: int) -> bytes | None:
        """One kind of a user's settings."""
        ...

    async def notification_settings(self, user_id: int) -> list[NotificationSettings]:
        """How a user wants to be told of guilds, and of private channels (0)."""
        ...

    async def personal(self, user_id: int) -> Personal:
        """All that is kept of how a user looks at others and is told of things."""
        ...

    async def consume(
        self, consumer: str, n: int, save: Iterable[Struct], delete: Iterable[Struct]
    ) -> None:
        """`commit` that also sets the cursor of a journal consumer to `n`.

        Does nothing at all when the cursor is at `n` or past it.
        """
        ...

    async def cursor(self, consumer: str) -> int:
        """The last journal row a consumer has finished; 0 at first."""
        ...

    async def check(self) -> list[str]:
        """A sentence for each fault in what is stored; none when all is well. Reads everything."""
        ...

    async def greatest_id(self) -> int:
        """The greatest id of anything stored; 0 at first.

        Read states do not count: they hold what a client sent. Nor do mentions, whose messages
        were in the log.
        """
        ...

    async def close(self) -> None:
        """Finish what is queued, then close."""
        ...


class Clock(Protocol):
    """The time, told by the process's edge."""

    def now(self) -> float:
        """Monotonic seconds."""
        ...

    def wall(self) -> float:
        """Epoch seconds."""
        ...


class Bus(Protocol):
    """Carries commits to everybody who keeps a copy of their home."""

    def publish(self, commit: Commit) -> None:
        """Hand `commit` to every subscriber, here at once, elsewhere in the order published."""
        ...

    def subscribe(self, receive: Callable[[Commit], None]) -> None:
        """Call `receive` with every commit from now on."""
        ...


class Link(Protocol):
    """The way to the process that owns a home."""

    async def call(
        self,
        name: str,
        who: Principal,
        params: dict[str, int | str],
        body: Struct | None,
        query: Struct | None,
        reason: str | None,
        uploads: Sequence[Upload] = (),
    ) -> Reply:
        """Run the operation `name` there; its refusal is raised here. The value is JSON, `Raw`."""
        ...

    async def snapshot(self, key: int) -> Snapshot | None:
        """The owner's present snapshot of a guild."""
        ...


class Placement(Protocol):
    """Says where homes are owned."""

    def link(self, key: int) -> Link | None:
        """The way to the owner of `key`; None when that is this process."""
        ...


class Alone:
    """The placement of a single process: everything is here."""

    def link(self, key: int) -> Link | None:
        """Always None."""
        return None
