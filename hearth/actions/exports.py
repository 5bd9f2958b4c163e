"""Exports of one's own data: a zip file of all that is kept of a person and that they wrote.

What is in it is described by its own `README.txt`. What others are or wrote is in it only as far
as the person sees it.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from hearth.actions.admin import UserNamed, find_user
from hearth.actions.messages import readable
from hearth.actions.operators import write_down
from hearth.actions.private import listed
from hearth.actions.scopes import AsOperator, AsPerson
from hearth.actions.users import my_user
from hearth.actions.world import World
from hearth.core.blobs import NoBlob
from hearth.core.errors import (
    FEATURE_DISABLED,
    ROUTE_NOT_FOUND,
    STORAGE_FULL,
    Refused,
    rate_limited,
)
from hearth.core.ids import created_ms
from hearth.core.models.exports import (
    COMPLETED,
    FAILED,
    KEEP_MS,
    QUEUED,
    Harvest,
    HarvestObject,
    harvest_object,
)
from hearth.core.models.messages import message_object
from hearth.core.models.private import PrivateChannel, PrivateChannelObject
from hearth.core.models.settings import LEGACY
from hearth.core.models.social import note_object, relationship_object
from hearth.core.models.users import User
from hearth.core.operations import File, operation
from hearth.core.permissions import P, resolve
from hearth.core.ports import Conflict
from hearth.core.wire import encode, timestamp
from hearth.edge.archive import UNFINISHED, Archive

logger = logging.getLogger(__name__)

DAY_MS = 24 * 3_600_000
"""So often one asks for an export; [limits] scale shortens it."""

PAGE = 250
"""So many messages are looked through at a time."""

MESSAGES = "messages.jsonl"

README = """\
Your data, as this server keeps it.

account.json        your account and profile, where you are logged in, and your bots
relationships.json  friends, requests, and whom you block
notes.json          what you wrote down about others
settings.json       your client's settings; clients' own forms are in base64
notifications.json  what you want to be told of, by guild
read_states.json    how far you have read, by channel
guilds.json         the guilds that you are in, and who you are there
dms.json            your DMs and group DMs, and who is in them
channels.json       the channels in which you wrote; named where you may see them
pictures/           your avatar and banner, those that you have in guilds, and your groups' icons
messages.jsonl      what you wrote, a message a line, also where you are no more

Passwords, tokens and secrets are kept only as hashes or sealed, and are not here.
"""


class ExportMade(Struct):
    """Where the file of an export is, on the server's own disk; whoever asked takes it away."""

    path: str


# By oneself


@operation("POST", "/users/@me/harvest", commits=True)
async def create_harvest(here: AsPerson) -> HarvestObject:
    """Ask for a file with all of one's own data; once a day, unless it came to nothing."""
    world, me = here.world, here.who.user_id
    folder = _folder(world)
    now = world.wall_ms()
    last = await world.directory.harvest(me)
    if last is not None and last.status != FAILED:
        left_ms = last.created_at_ms + DAY_MS / world.scale - now
        if left_ms > 0 or last.status == QUEUED:
            raise rate_limited(max(round(left_ms / 1000, 3), 1.0))
    harvest = Harvest(user_id=me, id=world.make_id(), created_at_ms=now)
    await world.commit(here.home, [], [], [], [harvest])
    if last is not None:
        await _remove(_file(folder, last.id))
    world.tasks.start(_make(world, harvest), name="export")
    return harvest_object(harvest)


@operation("GET", "/users/@me/harvest")
async def get_harvest(here: AsPerson) -> HarvestObject | None:
    """The last export that the caller has asked for, as long as it is kept."""
    harvest = await here.world.directory.harvest(here.who.user_id)
    return None if harvest is None else harvest_object(harvest)


@operation("GET", "/users/@me/harvest/{harvest_id}/download")
async def download_harvest(here: AsPerson, harvest_id: int) -> File:
    """The file of the caller's export."""
    harvest = await here.world.directory.harvest(here.who.user_id)
    if harvest is None or harvest.id != harvest_id or harvest.status != COMPLETED:
        raise Refused(ROUTE_NOT_FOUND)
    return File(path=str(_file(_folder(here.world), harvest_id)), name=f"data-{harvest_id}.zip")


# By the operator


@operation()
async def export_user(here: AsOperator, body: UserNamed) -> ExportMade:
    """Make a file with all data of a person or bot; the operator log says so first."""
    world = here.world
    folder = _folder(world)
    user = await find_user(world, body.user)
    path = _file(folder, await write_down(here, "export_user", user.id))
    async with world.exporting:
        try:
            await _write(world, user.id, path)
        except OSError as error:
            logger.warning("export failed user=%d reason=%s", user.id, error.strerror)
            raise Refused(STORAGE_FULL) from error
    return ExportMade(str(path))


# What is made


def _folder(world: World) -> Path:
    """Where files are; 40006 where nothing is kept on a disk."""
    if world.data is None:
        raise Refused(FEATURE_DISABLED)
    return world.data / "exports"


def _file(folder: Path, id: int) -> Path:
    return folder / f"{id}.zip"


async def _remove(path: Path) -> None:
    await asyncio.to_thread(path.unlink, missing_ok=True)


async def forget_export(world: World, user_id: int) -> None:
    """Remove the file of a person who goes; SQL takes what is known of it along."""
    harvest = await world.directory.harvest(user_id)
    if harvest is not None and world.data is not None:
        await _remove(_file(_folder(world), harvest.id))


async def finish_exports(world: World) -> None:
    """At the start: remove what is half done and what nobody knows of, and go on with the rest."""
    if world.data is None:
        return
    await _tidy(world, grace_ms=0)
    for harvest in await world.directory.harvests():
        if harvest.status == QUEUED:
            await _make(world, harvest)


async def tidy_exports(world: World) -> None:
    """Now and then: remove what has been kept for its time."""
    if world.data is not None:
        await _tidy(world, grace_ms=DAY_MS)


async def _tidy(world: World, grace_ms: int) -> None:
    """Forget old exports, and remove files without one that are older than `grace_ms`."""
    now = world.wall_ms()
    known = await world.directory.harvests()
    old = [each for each in known if each.created_at_ms <= now - KEEP_MS]
    if old:
        await world.write([], old)
    kept = {each.id for each in known if each not in old and each.status == COMPLETED}

    def sweep() -> None:
        for path in _folder(world).glob("*"):
            name = path.name.removesuffix(UNFINISHED).removesuffix(".zip")
            id = int(name) if name.isdecimal() else 0
            if id not in kept and created_ms(id) <= now - grace_ms:
                path.unlink(missing_ok=True)

    await asyncio.to_thread(sweep)


async def _make(world: World, harvest: Harvest) -> None:
    """Make the file of an export, one after the other, and say how it went."""
    user_id = harvest.user_id
    path = _file(_folder(world), harvest.id)
    async with world.exporting:
        if await world.directory.harvest(user_id) != harvest:
            return
        try:
            await _write(world, user_id, path)
            status = COMPLETED
        except OSError as error:
            logger.warning("export failed user=%d reason=%s", user_id, error.strerror)
            status = FAILED
        done = replace(harvest, status=status, completed_at_ms=world.wall_ms())
        try:
            await world.write([done])
        except (Conflict, Refused):
            # They are gone meanwhile, or the disk is full: then the next start tries again.
            await _remove(path)


async def _write(world: World, user_id: int, path: Path) -> None:
    """The zip file; raises OSError, of which nothing stays then."""
    await world.load_users([user_id])
    async with Archive(path, reserve_bytes=world.reserve_bytes) as archive:
        await archive.write("README.txt", README.encode())
        for name, value in (await _kept(world, user_id)).items():
            await archive.write(f"{name}.json", _text(value))
        await _pictures(world, archive, user_id)
        wrote = await _messages(world, archive, world.user(user_id))
        await archive.write("channels.json", _text(await _channels(world, user_id, wrote)))


def _text(value: Any) -> bytes:
    return msgspec.json.format(encode(value), indent=2) + b"\n"


async def _kept(world: World, user_id: int) -> dict[str, Any]:
    """What is kept of a person beside their messages, by the name of its file."""
    directory = world.directory
    own = await directory.personal(user_id)
    await world.load_users(each.other_id for each in own.relationships)
    uses = await directory.token_uses(user_id)
    settings = {
        str(each.kind): msgspec.Raw(each.data) if each.kind == LEGACY else each.data
        for each in own.settings
    }
    return {
        "account": {
            "user": await my_user(world, user_id),
            "created_at": timestamp(created_ms(user_id)),
            "sessions": [
                {
                    "os": each.os,
                    "platform": each.platform,
                    "created_at": timestamp(each.created_at_ms),
                    "last_used_at": timestamp(uses.get(each.hash, each.created_at_ms)),
                }
                for each in await directory.tokens_of(user_id)
            ],
            "applications": [
                {"id": str(each.id), "name": each.name, "flags": each.flags}
                for each in await directory.applications_of(user_id)
            ],
        },
        "relationships": [
            relationship_object(each, world.user(each.other_id)) for each in own.relationships
        ],
        "notes": [note_object(each) for each in own.notes],
        "settings": settings,
        "notifications": own.notification_settings,
        "read_states": [
            {"channel_id": str(each.channel_id), "last_message_id": str(each.last_message_id)}
            for each in own.read_states
        ],
        "guilds": [
            found
            for guild_id in await directory.guilds_of(user_id)
            if (found := await _guild(world, guild_id, user_id)) is not None
        ],
        "dms": await _dms(world, user_id),
    }


async def _guild(world: World, guild_id: int, user_id: int) -> dict[str, Any] | None:
    """Who a person is in a guild."""
    snapshot = (await world.home(guild_id)).snapshot
    guild = None if snapshot is None else snapshot.guild
    member = None if snapshot is None else snapshot.members.get(user_id)
    if snapshot is None or guild is None or member is None:
        return None
    return {
        "id": str(guild_id),
        "name": guild.name,
        "owner": guild.owner_id == user_id,
        "joined_at": timestamp(member.joined_at_ms),
        "nick": member.nick,
        "bio": member.bio,
        "roles": [role.name for i in member.roles if (role := snapshot.roles.get(i)) is not None],
    }


async def _dms(world: World, user_id: int) -> list[PrivateChannelObject]:
    """A person's private channels, also those that their list does not show."""
    found: list[PrivateChannelObject] = []
    for channel_id in await world.directory.private_channel_ids(user_id):
        snapshot = (await world.home(channel_id)).snapshot
        if snapshot is not None:
            channel = snapshot.channels[channel_id]
            each = PrivateChannel(channel, tuple(snapshot.recipients.values()))
            found += listed(world, user_id, [each])
    return found


async def _pictures(world: World, archive: Archive, user_id: int) -> None:
    """Write the pictures of a person, everywhere and in guilds, and those of their groups."""
    paths = {"avatar": f"avatars/{user_id}", "banner": f"banners/{user_id}"}
    for guild_id in await world.directory.guilds_of(user_id):
        for name in ("avatar", "banner"):
            paths[f"{guild_id}-{name}"] = f"guilds/{guild_id}/users/{user_id}/{name}s"
    for channel_id in await world.directory.private_channel_ids(user_id):
        paths[f"{channel_id}-icon"] = f"channel-icons/{channel_id}"
    for name, path in paths.items():
        asset = await world.directory.asset(path)
        if asset is not None:
            with suppress(NoBlob):  # Another picture meanwhile.
                async for piece in world.blobs.read(asset.blob):
                    await archive.write(f"pictures/{name}.{asset.type}", piece)


async def _messages(world: World, archive: Archive, user: User) -> list[int]:
    """Write what somebody wrote, channel by channel, oldest first; the channels where that is."""
    await archive.write(MESSAGES, b"")
    wrote: list[int] = []
    for channel_id in await world.log.channels():
        if await world.home_of(channel_id) is None:
            continue  # A deleted channel's, which are on their way out.
        after: int | None = 0
        found = False
        while after is not None:
            page = await world.log.page(channel_id, PAGE, after=after)
            lines, after = await archive.run(partial(_own, world, page, user))
            if lines:
                found = True
                await archive.write(MESSAGES, lines)
        if found:
            wrote.append(channel_id)
    return wrote


def _own(world: World, page: Sequence[bytes], user: User) -> tuple[bytes, int | None]:
    """The lines of a user's messages of a page, and behind which id the next page begins."""
    messages = [each for each in map(readable, reversed(page)) if each is not None]
    lines = [
        encode(message_object(m, user, files=world.files(m.channel_id, m.attachments))) + b"\n"
        for m in messages
        if m.author_id == user.id
    ]
    return b"".join(lines), messages[-1].id if len(page) == PAGE and messages else None


async def _channels(world: World, user_id: int, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Channels by their ids; their names and guilds' ids only as far as the person sees them."""
    found: list[dict[str, Any]] = []
    for channel_id in ids:
        key = await world.home_of(channel_id)
        snapshot = None if key is None else (await world.home(key)).snapshot
        channel = None if snapshot is None else snapshot.channels.get(channel_id)
        member = None if snapshot is None else snapshot.members.get(user_id)
        if snapshot is None or channel is None:
            continue
        sees = member is not None and bool(
            resolve(snapshot, member, channel, world.wall_ms()) & P.VIEW_CHANNEL
        )
        guild_id = None if snapshot.guild is None else str(snapshot.guild.id)
        found.append(
            {
                "id": str(channel_id),
                "guild_id": guild_id if sees else None,
                "name": channel.name or None if sees else None,
            }
        )
    return found
