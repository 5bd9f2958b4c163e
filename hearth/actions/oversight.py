"""What operators look at: people, bots, guilds, and how much there is of everything."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from hearth import __version__
from hearth.actions.admin import GuildNamed, UserNamed, find_guild_id, find_user
from hearth.actions.messages import readable
from hearth.actions.scopes import AsOperator
from hearth.actions.sessions import id_hash
from hearth.actions.world import World
from hearth.core.errors import UNKNOWN_GUILD, Refused
from hearth.core.ids import MAX_ID, created_ms
from hearth.core.models.accounts import ACTIVE, DELETED, DISABLED, SUSPENDED
from hearth.core.operations import operation
from hearth.core.overview import GuildLine, Totals
from hearth.core.voice_ports import Health
from hearth.core.wire import timestamp

STATES = {ACTIVE: "active", DISABLED: "disabled", SUSPENDED: "suspended", DELETED: "deleted"}

PAGE = 1000
"""So many messages are measured at a time."""

BLOCK_BYTES = 512
"""The unit of `st_blocks` (stat(2))."""

PARTS = {
    "metadata.db": "metadata",
    "metadata.db-wal": "metadata",
    "metadata.db-shm": "metadata",
    "messages": "messages",
    "search.db": "search",
    "search.db-wal": "search",
    "search.db-shm": "search",
    "blobs": "files",
    "cache": "cache",
}
"""What of the data directory counts as what; the rest is `other`."""


class Page(Struct):
    """Which part of a list: up to `limit` with ids above `after`."""

    after: Annotated[int, Meta(ge=0, le=MAX_ID)] = 0
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class AccountShown(Struct):
    """A person or bot in a list."""

    id: str
    username: str
    state: str
    created_at: str


class UsersShown(Struct):
    """People, by id."""

    users: list[AccountShown]


class BotShown(AccountShown):
    """A bot in a list, and whose it is."""

    owner: str | None


class BotsShown(Struct):
    """Bots, by id."""

    bots: list[BotShown]


class GuildOfUser(Struct):
    """A guild that a user is in, and whether it is theirs."""

    id: str
    name: str
    owner: bool


class UserShown(AccountShown):
    """A person or bot, whether they have a second factor, and the names of their bots."""

    global_name: str | None
    bot: bool
    mfa: bool
    sessions: int
    guilds: list[GuildOfUser]
    bots: list[str]


class SessionShown(Struct):
    """A token that was given out; `id` says nothing of it."""

    id: str
    os: str | None
    platform: str | None
    created_at: str
    last_used_at: str


class SessionsShown(Struct):
    """A user's tokens, the oldest first."""

    sessions: list[SessionShown]


class GuildShown(Struct):
    """A guild in a list; `file_bytes` counts what is shared once for each message that has it."""

    id: str
    name: str
    owner_id: str
    members: int
    channels: int
    files: int
    file_bytes: int
    created_at: str


class GuildsShown(Struct):
    """Guilds, by id."""

    guilds: list[GuildShown]


class ChannelShown(Struct):
    """A channel of a guild."""

    id: str
    name: str | None
    type: int


class GuildDetails(GuildShown):
    """A guild with its owner's name, channels and features."""

    owner: str
    roles: int
    features: list[str]
    channel_list: list[ChannelShown]


class Usage(Struct):
    """What a guild's messages and their files take; messages as they are stored."""

    id: str
    name: str
    messages: int
    message_bytes: int
    files: int
    file_bytes: int


class SearchStats(Struct):
    """How much is indexed, for how many seconds the index is behind, and whether it was built."""

    documents: int
    behind_s: float
    built: bool


class Stats(Struct):
    """How much there is of everything; `disk` is in bytes, by store, `voice` each process that
    carries media."""

    version: str
    totals: Totals
    messages: int
    search: SearchStats | None
    disk: dict[str, int]
    disk_free: int
    voice: list[Health]


@operation()
async def list_users(here: AsOperator, body: Page) -> UsersShown:
    """People, by id."""
    found = await here.world.directory.accounts_after(body.after, body.limit, bots=False)
    return UsersShown(
        [AccountShown(str(each.id), each.username, STATES[each.disabled], _age(each.id))
         for each in found]
    )  # fmt: skip


@operation()
async def list_bots(here: AsOperator, body: Page) -> BotsShown:
    """Bots, by id, and whose they are."""
    world = here.world
    shown: list[BotShown] = []
    for each in await world.directory.accounts_after(body.after, body.limit, bots=True):
        owner = await _owner(world, each.id)
        state = STATES[each.disabled]
        shown.append(BotShown(str(each.id), each.username, state, _age(each.id), owner))
    return BotsShown(shown)


@operation()
async def show_account(here: AsOperator, body: UserNamed) -> UserShown:
    """A person or bot: what they are, where they are, and from how many places."""
    world = here.world
    directory = world.directory
    user = await find_user(world, body.user)
    account = await directory.account(user.id)
    bots = [each.bot_id for each in await directory.applications_of(user.id)]
    await world.load_users(bots)
    guilds: list[GuildOfUser] = []
    for guild_id in await directory.guilds_of(user.id):
        snapshot = (await world.home(guild_id)).snapshot
        if snapshot is not None and snapshot.guild is not None:
            guild = snapshot.guild
            guilds.append(GuildOfUser(str(guild_id), guild.name, guild.owner_id == user.id))
    return UserShown(
        id=str(user.id),
        username=user.username,
        state=STATES[ACTIVE if account is None else account.disabled],
        created_at=_age(user.id),
        global_name=user.global_name,
        bot=user.bot,
        mfa=await directory.second_factor(user.id) is not None,
        sessions=len(await directory.tokens_of(user.id)),
        guilds=guilds,
        bots=[world.user(each).username for each in bots],
    )


@operation()
async def list_sessions(here: AsOperator, body: UserNamed) -> SessionsShown:
    """The tokens that a person or bot has; what they are is kept nowhere."""
    world = here.world
    user = await find_user(world, body.user)
    uses = await world.directory.token_uses(user.id)
    now = world.wall_ms()
    return SessionsShown(
        [
            SessionShown(
                id_hash(each.hash),
                each.os,
                each.platform,
                timestamp(each.created_at_ms),
                timestamp(
                    now if each.hash in world.used else uses.get(each.hash, each.created_at_ms)
                ),
            )
            for each in await world.directory.tokens_of(user.id)
        ]
    )


@operation()
async def list_guilds(here: AsOperator, body: Page) -> GuildsShown:
    """Guilds, by id."""
    found = await here.world.directory.guilds_after(body.after, body.limit)
    return GuildsShown([_guild(each) for each in found])


@operation()
async def show_guild(here: AsOperator, body: GuildNamed) -> GuildDetails:
    """A guild, its owner and its channels."""
    world = here.world
    line = await _line(world, body.guild)
    snapshot = (await world.home(line.id)).snapshot
    if snapshot is None or snapshot.guild is None:
        raise Refused(UNKNOWN_GUILD)
    await world.load_users([line.owner_id])
    channels = sorted(snapshot.channels.values(), key=lambda each: (each.position, each.id))
    brief = _guild(line)
    return GuildDetails(
        **{name: getattr(brief, name) for name in GuildShown.__struct_fields__},
        owner=world.user(line.owner_id).username,
        roles=len(snapshot.roles),
        features=list(snapshot.guild.features),
        channel_list=[ChannelShown(str(each.id), each.name, each.type) for each in channels],
    )


@operation()
async def measure_guild(here: AsOperator, body: GuildNamed) -> Usage:
    """What a guild's messages and files take; every message is looked at, beside all else."""
    world = here.world
    line = await _line(world, body.guild)
    snapshot = (await world.home(line.id)).snapshot
    count = size = 0
    for channel_id in [] if snapshot is None else list(snapshot.channels):
        last = world.log.last_id(channel_id)
        before = None if last is None else last + 1
        while before is not None:
            page = await world.log.page(channel_id, PAGE, before=before)
            more, before = await asyncio.to_thread(_measure, page)
            count, size = count + len(page), size + more
    return Usage(str(line.id), line.name, count, size, line.files, line.file_bytes)


@operation()
async def show_stats(here: AsOperator) -> Stats:
    """How much there is of everything, how far the search index is, and what the disk holds."""
    world = here.world
    index = None
    if world.search is not None:
        index = SearchStats(
            documents=await world.search.count(),
            behind_s=round(world.indexing.behind_s(world.clock.now()), 3),
            built=(await world.search.progress()).built,
        )
    disk, free = ({}, 0) if world.data is None else await asyncio.to_thread(_disk, world.data)
    totals, voice = await world.directory.totals(), list(world.voice_health())
    return Stats(__version__, totals, world.log.count(), index, disk, free, voice)


def _age(id: int) -> str:
    return timestamp(created_ms(id))


async def _owner(world: World, bot_id: int) -> str | None:
    application = await world.directory.application_of(bot_id)
    if application is None:
        return None
    await world.load_users([application.owner_id])
    return world.user(application.owner_id).username


def _guild(line: GuildLine) -> GuildShown:
    return GuildShown(
        str(line.id),
        line.name,
        str(line.owner_id),
        line.members,
        line.channels,
        line.files,
        line.file_bytes,
        _age(line.id),
    )


async def _line(world: World, text: str) -> GuildLine:
    guild_id = await find_guild_id(world, text)
    found = await world.directory.guilds_after(guild_id - 1, 1)
    if not found or found[0].id != guild_id:
        raise Refused(UNKNOWN_GUILD)
    return found[0]


def _measure(page: Sequence[bytes]) -> tuple[int, int | None]:
    """How many bytes the records of a page are, and before which id the next page ends."""
    size = sum(map(len, page))
    if len(page) < PAGE:
        return size, None
    # Newest first. What cannot be read tells no id, and is looked at once more.
    known = (message for each in reversed(page) if (message := readable(each)) is not None)
    last = next(known, None)
    return size, None if last is None else last.id


def _disk(data: Path) -> tuple[dict[str, int], int]:
    """What the parts of the data directory take on the disk, and what is free there."""
    sizes = dict.fromkeys([*dict.fromkeys(PARTS.values()), "other"], 0)
    for folder, _, names in os.walk(data):
        inside = Path(folder).relative_to(data)
        for name in names:
            part = PARTS.get((inside / name).parts[0], "other")
            try:
                sizes[part] += os.lstat(os.path.join(folder, name)).st_blocks * BLOCK_BYTES
            except FileNotFoundError:
                continue
    found = os.statvfs(data)
    return sizes, found.f_bavail * found.f_frsize
