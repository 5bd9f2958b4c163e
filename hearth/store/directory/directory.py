"""The Directory port, put together from the files of its resources."""

import asyncio
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from msgspec import Struct

from hearth.core.models.accounts import (
    Account,
    OneTimeLink,
    RecoveryCode,
    SecondFactor,
)
from hearth.core.models.assets import Asset
from hearth.core.models.attachments import PendingUpload, StoredFile
from hearth.core.models.audit import AuditEntry
from hearth.core.models.bans import Ban, BanSweep
from hearth.core.models.emojis import Emoji, EmojiImage
from hearth.core.models.exports import Harvest
from hearth.core.models.guilds import Snapshot
from hearth.core.models.invites import Invite
from hearth.core.models.members import Member
from hearth.core.models.mentions import Mention
from hearth.core.models.operators import OperatorEntry
from hearth.core.models.private import PrivateChannel
from hearth.core.models.settings import NotificationSettings, Personal
from hearth.core.models.social import Note, Relationship
from hearth.core.models.stickers import Sticker
from hearth.core.models.users import Application, Credential, ReadState, Token, User
from hearth.core.overview import AccountLine, GuildLine, Totals
from hearth.store.directory import (
    accounts,
    applications,
    assets,
    attachments,
    audit,
    bans,
    channels,
    check,
    consumers,
    emojis,
    exports,
    guilds,
    invites,
    members,
    nouns,
    operators,
    overview,
    private,
    reads,
    social,
    stickers,
    tokens,
    users,
)
from hearth.store.sql.database import Connection, Database
from hearth.store.sql.migrate import migrate, migrations
from hearth.store.sql.sqlite import Sqlite


class SqlDirectory:
    """The `Directory` port on an SQL database; each call is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    async def open(cls, path: Path | str | None) -> "SqlDirectory":
        """The directory in the SQLite file at `path`, made or migrated as needed; None = memory.

        Raises `UnknownMigration` when a newer version has changed the file, `StorageFull`.
        """
        engine = Sqlite(None if path is None else Path(path))

        def bring_up(connection: Connection) -> None:
            migrate(connection, engine.words, migrations())

        return cls(await asyncio.to_thread(Database, engine, bring_up))

    async def commit(self, save: Iterable[Struct], delete: Iterable[Struct]) -> None:
        """See the port; raises TypeError for a Struct that is no stored noun."""
        saves, deletes = nouns.batches(save), nouns.batches(delete)
        await self._database.write(lambda c: nouns.write(c, saves, deletes))

    async def guild(self, guild_id: int) -> Snapshot | None:
        """See the port. Members, channels and roles are in order of their ids."""
        return await self._database.read(lambda c: guilds.snapshot(c, guild_id), one_moment=True)

    async def home(self, key: int) -> Snapshot | None:
        """See the port. Members, channels and roles are in order of their ids."""

        def load(connection: Connection) -> Snapshot | None:
            return guilds.snapshot(connection, key) or private.snapshot(connection, key)

        return await self._database.read(load, one_moment=True)

    async def operator_log(self, limit: int) -> list[OperatorEntry]:
        """See the port."""
        return await self._database.read(lambda c: operators.newest(c, limit))

    async def private_channels(self, user_id: int) -> list[PrivateChannel]:
        """See the port. By id."""
        return await self._database.read(lambda c: private.of_user(c, user_id), one_moment=True)

    async def private_channel_ids(self, user_id: int) -> list[int]:
        """See the port."""
        return await self._database.read(lambda c: private.ids_of_user(c, user_id))

    async def dm_of(self, pair: str) -> int | None:
        """See the port."""
        return await self._database.read(lambda c: private.of_pair(c, pair))

    async def share_a_guild(self, one: int, other: int) -> bool:
        """See the port."""
        return await self._database.read(lambda c: private.share_a_guild(c, one, other))

    async def home_of(self, channel_id: int) -> int | None:
        """See the port."""
        return await self._database.read(lambda c: channels.home_of(c, channel_id))

    async def users(self, ids: Iterable[int]) -> list[User]:
        """See the port. By id."""
        wanted = list(ids)
        return await self._database.read(lambda c: users.among(c, wanted))

    async def user_named(self, username: str) -> User | None:
        """See the port."""
        return await self._database.read(lambda c: users.named(c, username))

    async def guilds_of(self, user_id: int) -> list[int]:
        """See the port."""
        return await self._database.read(lambda c: members.guilds_of(c, user_id))

    async def passing_members(self) -> list[Member]:
        """See the port."""
        return await self._database.read(members.passing)

    async def guild_ids(self) -> list[int]:
        """See the port."""
        return await self._database.read(guilds.ids)

    async def guilds_named(self, name: str) -> list[int]:
        """See the port."""
        return await self._database.read(lambda c: guilds.named(c, name))

    async def emoji(self, emoji_id: int) -> Emoji | None:
        """See the port."""
        return await self._database.read(lambda c: emojis.one(c, emoji_id))

    async def sticker(self, sticker_id: int) -> Sticker | None:
        """See the port."""
        return await self._database.read(lambda c: stickers.one(c, sticker_id))

    async def emoji_image(self, emoji_id: int) -> EmojiImage | None:
        """See the port."""
        return await self._database.read(lambda c: emojis.image(c, emoji_id))

    async def emoji_images(self, limit: int) -> list[EmojiImage]:
        """See the port. By emoji."""
        return await self._database.read(lambda c: emojis.images(c, limit))

    async def asset(self, path: str) -> Asset | None:
        """See the port."""
        return await self._database.read(lambda c: assets.one(c, path))

    async def referenced(self, blobs: Iterable[bytes]) -> set[bytes]:
        """See the port."""
        wanted = list(blobs)
        return await self._database.read(lambda c: assets.referenced(c, wanted))

    async def held_blobs(self, after: bytes, limit: int) -> list[bytes]:
        """See the port."""
        return await self._database.read(lambda c: assets.held(c, after, limit))

    async def file(self, id: int) -> StoredFile | None:
        """See the port."""
        return await self._database.read(lambda c: attachments.file(c, id))

    async def files_of(self, message_ids: Iterable[int]) -> list[StoredFile]:
        """See the port."""
        wanted = list(message_ids)
        return await self._database.read(lambda c: attachments.of_messages(c, wanted))

    async def unclaimed_files(self, before: int, limit: int) -> list[StoredFile]:
        """See the port. By id."""
        return await self._database.read(lambda c: attachments.unclaimed(c, before, limit))

    async def file_bytes_of(self, guild_id: int) -> int:
        """See the port."""
        return await self._database.read(lambda c: attachments.bytes_of_guild(c, guild_id))

    async def file_bytes_by(self, user_id: int) -> int:
        """See the port."""
        return await self._database.read(lambda c: attachments.bytes_of_user(c, user_id))

    async def upload(self, name: str) -> PendingUpload | None:
        """See the port."""
        return await self._database.read(lambda c: attachments.upload(c, name))

    async def lapsed_uploads(self, before_ms: int, limit: int) -> list[PendingUpload]:
        """See the port. The oldest first."""
        return await self._database.read(lambda c: attachments.lapsed_uploads(c, before_ms, limit))

    async def bans(
        self, guild_id: int, limit: int, *, before: int | None = None, after: int | None = None
    ) -> list[Ban]:
        """See the port."""
        return await self._database.read(lambda c: bans.page(c, guild_id, limit, before, after))

    async def bans_among(self, guild_id: int, user_ids: Iterable[int]) -> list[Ban]:
        """See the port. By user id."""
        wanted = list(user_ids)
        return await self._database.read(lambda c: bans.among(c, guild_id, wanted))

    async def ban_sweeps(self) -> list[BanSweep]:
        """See the port. By guild and user id."""
        return await self._database.read(bans.sweeps)

    async def invite(self, code: str) -> Invite | None:
        """See the port."""
        return await self._database.read(lambda c: invites.one(c, code))

    async def invites_of(self, guild_id: int) -> list[Invite]:
        """See the port."""
        return await self._database.read(lambda c: invites.of_guild(c, guild_id))

    async def credential(self, user_id: int) -> Credential | None:
        """See the port."""
        return await self._database.read(lambda c: tokens.credential(c, user_id))

    async def token(self, hash: bytes) -> Token | None:
        """See the port."""
        return await self._database.read(lambda c: tokens.token(c, hash))

    async def tokens_of(self, user_id: int) -> list[Token]:
        """See the port. Oldest first."""
        return await self._database.read(lambda c: tokens.of_user(c, user_id))

    async def account(self, user_id: int) -> Account | None:
        """See the port."""
        return await self._database.read(lambda c: accounts.account(c, user_id))

    async def second_factor(self, user_id: int) -> SecondFactor | None:
        """See the port."""
        return await self._database.read(lambda c: accounts.second_factor(c, user_id))

    async def recovery_codes(self, user_id: int) -> list[RecoveryCode]:
        """See the port."""
        return await self._database.read(lambda c: accounts.recovery_codes(c, user_id))

    async def link(self, hash: bytes) -> OneTimeLink | None:
        """See the port."""
        return await self._database.read(lambda c: accounts.link(c, hash))

    async def links(self, kind: str) -> list[OneTimeLink]:
        """See the port. The first to lapse first."""
        return await self._database.read(lambda c: accounts.links(c, kind))

    async def token_uses(self, user_id: int) -> dict[bytes, int]:
        """See the port."""
        return await self._database.read(lambda c: accounts.uses(c, user_id))

    async def departing(self) -> list[int]:
        """See the port. Bots first."""
        return await self._database.read(accounts.departing)

    async def harvest(self, user_id: int) -> Harvest | None:
        """See the port."""
        return await self._database.read(lambda c: exports.of_user(c, user_id))

    async def harvests(self) -> list[Harvest]:
        """See the port. The oldest first."""
        return await self._database.read(exports.known)

    async def guilds_owned_by(self, user_id: int) -> list[int]:
        """See the port. By id."""
        return await self._database.read(lambda c: accounts.owned(c, user_id))

    async def applications_of(self, owner_id: int) -> list[Application]:
        """See the port. By id."""
        return await self._database.read(lambda c: applications.of_owner(c, owner_id))

    async def has_people(self) -> bool:
        """See the port."""
        return await self._database.read(accounts.has_people)

    async def user_alike(self, skeleton: str) -> User | None:
        """See the port."""
        return await self._database.read(lambda c: accounts.alike(c, skeleton))

    async def application_of(self, bot_id: int) -> Application | None:
        """See the port."""
        return await self._database.read(lambda c: applications.of_bot(c, bot_id))

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
        """See the port."""
        only = {"user_id": user_id, "action_type": action_type, "target_id": target_id}
        return await self._database.read(
            lambda c: audit.entries(c, guild_id, limit, before, after, only)
        )

    async def read_states(self, user_id: int) -> list[ReadState]:
        """See the port. By channel id."""
        return await self._database.read(lambda c: reads.read_states(c, user_id))

    async def mention_counts(
        self, user_id: int, targets: Iterable[int], muted: Iterable[int] = ()
    ) -> dict[int, int]:
        """See the port."""
        wanted, quiet = list(targets), list(muted)
        return await self._database.read(lambda c: reads.mention_counts(c, user_id, wanted, quiet))

    async def relationships(self, user_id: int) -> list[Relationship]:
        """See the port. By the other's id."""
        return await self._database.read(lambda c: social.relationships(c, user_id))

    async def relationship(self, user_id: int, other_id: int) -> Relationship | None:
        """See the port."""
        return await self._database.read(lambda c: social.relationship(c, user_id, other_id))

    async def share_a_friend(self, one: int, other: int) -> bool:
        """See the port."""
        return await self._database.read(lambda c: social.share_a_friend(c, one, other))

    async def watchers(self, user_id: int) -> list[int]:
        """See the port."""
        return await self._database.read(lambda c: social.watchers(c, user_id))

    async def notes(self, user_id: int) -> list[Note]:
        """See the port. By whom they are about."""
        return await self._database.read(lambda c: social.notes(c, user_id))

    async def setting(self, user_id: int, kind: int) -> bytes | None:
        """See the port."""
        return await self._database.read(lambda c: social.setting(c, user_id, kind))

    async def notification_settings(self, user_id: int) -> list[NotificationSettings]:
        """See the port. By guild id."""
        return await self._database.read(lambda c: social.notification_settings(c, user_id))

    async def personal(self, user_id: int) -> Personal:
        """See the port. Each in order of its key."""
        return await self._database.read(lambda c: social.personal(c, user_id), one_moment=True)

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
        """See the port."""
        wanted, seen = list(targets), list(channels)
        return await self._database.read(
            lambda c: reads.recent_mentions(c, user_id, wanted, seen, limit, before, after)
        )

    async def trim_mentions(self, recent: int, badge: int) -> int:
        """See the port."""
        await self._database.write(lambda c: reads.forget_dismissed(c, recent))
        gone = start = 0
        while True:
            rows = await self._database.read(
                lambda c, start=start: reads.over(c, recent, badge, start)
            )
            if rows:
                await self._database.write(lambda c, rows=rows: reads.ROWS.delete(c, rows))
                gone, start = gone + len(rows), rows[-1].message_id
            if len(rows) < reads.TRIMMED:
                return gone

    async def consume(
        self, consumer: str, n: int, save: Iterable[Struct], delete: Iterable[Struct]
    ) -> None:
        """See the port; raises TypeError for a Struct that is no stored noun."""
        saves, deletes = nouns.batches(save), nouns.batches(delete)

        def step(connection: Connection) -> None:
            if consumers.advance(connection, consumer, n):
                nouns.write(connection, saves, deletes)

        await self._database.write(step)

    async def cursor(self, consumer: str) -> int:
        """See the port."""
        return await self._database.read(lambda c: consumers.cursor(c, consumer))

    async def check(self) -> list[str]:
        """See the port."""
        return await self._database.read(check.faults, one_moment=True)

    async def totals(self) -> Totals:
        """See the port."""
        return await self._database.read(overview.totals)

    async def accounts_after(self, after: int, limit: int, *, bots: bool) -> list[AccountLine]:
        """See the port."""
        return await self._database.read(lambda c: overview.accounts_after(c, after, limit, bots))

    async def guilds_after(self, after: int, limit: int) -> list[GuildLine]:
        """See the port."""
        return await self._database.read(lambda c: overview.guilds_after(c, after, limit))

    async def greatest_id(self) -> int:
        """See the port."""
        return await self._database.read(nouns.greatest_id)

    def still(self) -> AbstractAsyncContextManager[None]:
        """Nothing is written in the block: what comes waits, what was queued is durable."""
        return self._database.still()

    async def close(self) -> None:
        """See the port. May be called again."""
        await self._database.close()
