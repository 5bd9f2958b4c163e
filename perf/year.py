"""A year of a server's use, on disk: 200 people, a million messages, 10,000 files of 2 GB.

Made once, in three minutes, and kept beside what `fill.py` makes. Messages, edits, deletes, marks
and pins go through the message log, files through the blob store; what follows the journal (who was
mentioned, whose file is whose, the search index) is done by the server's own consumers.
"""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import io
import json
import os
import random
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import accumulate, islice
from pathlib import Path
from typing import Any

import seed
from fill import Committing, cache
from harness import Failed, say
from msgspec import Struct
from msgspec.structs import replace
from PIL import Image

from hearth.actions.consumers import attachments, search, unread
from hearth.actions.mentions import trim_mentions
from hearth.commands.settings import settings
from hearth.core.ids import IdMaker
from hearth.core.models.assets import Asset
from hearth.core.models.attachments import Attachment
from hearth.core.models.channels import Channel, ChannelType, Overwrite, OverwriteType
from hearth.core.models.embeds import Embed, EmbedField, embeds_json
from hearth.core.models.guilds import Guild
from hearth.core.models.members import Member
from hearth.core.models.messages import Message, MessageReference, MessageType
from hearth.core.models.private import Recipient, pair_of
from hearth.core.models.reactions import ReactionEmoji
from hearth.core.models.roles import Role
from hearth.core.models.social import Relationship, RelationshipType
from hearth.core.models.users import ReadState, User
from hearth.core.permissions import EVERYONE, P
from hearth.core.ports import Entry, Kind
from hearth.core.record import encode
from hearth.core.thumbhash import thumbhash
from hearth.server import opened
from hearth.store.blobs_disk import DiskBlobs
from hearth.store.directory.directory import SqlDirectory
from hearth.store.messages_lmdb import LmdbLog

FORMAT = 2
"""To be raised when what is made here changes."""

NODE = 1
"""Ids are those of another node than of the worlds that are made on top."""

YEAR_S = 365 * 86_400
CATEGORIES = ("welcome", "talk", "projects", "games", "archive", "staff")
CHANNELS = 30
HIDDEN = 2
"""The last categories are seen by fewer: by those of one role, and by the staff."""

ROLES = ("staff", "friends", "builders", "players", "veterans", "guests")
STAFF = 6
DMS, GROUPS = 120, 12
VOCABULARY = 30_000
EMOJI = ("👍", "❤️", "😂", "🎉", "🔥", "👀", "🚀", "😢")
HOSTS = ("example.org", "wiki.example.com", "video.example.net", "code.example.dev")
IDEOGRAPHS = "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动"
CHUNK = 8_192


@dataclass(frozen=True)
class Year:
    """What was made. Nobody starts a server on `data`: it is copied by `seed.begin`.

    `open` are the channels that everybody sees; `words` are the most frequent first; `files` is how
    many there are, of `bytes` in all. Lines of `tokens` are those of `users`, of whom the first
    `STAFF` see all channels.
    """

    data: Path
    tokens: Path
    guild: int
    channels: list[int]
    open: list[int]
    users: list[int]
    owner_token: str
    words: list[str]
    roles: list[int]
    messages: int = 0
    files: int = 0
    bytes: int = 0


@dataclass
class Room:
    """A channel and who writes there; of the two the frequent first."""

    id: int
    guild: int | None
    people: list[int]
    weight: float
    last: list[int] = field(default_factory=list[int])


def lived(quick: bool) -> Year:
    """The year, a small one where it is to be `quick`."""
    users, messages, files, size = (200, 1_000_000, 10_000, 2_000_000_000)
    if quick:
        users, messages, files, size = 40, 4_000, 100, 20_000_000
    place = cache() / f"year-{messages}"
    note = place / "made.json"
    found: dict[str, Any] = json.loads(note.read_text()) if note.exists() else {}
    if found.pop("format", None) == FORMAT:
        found |= {name: Path(found[name]) for name in ("data", "tokens")}
        return Year(**found)
    say(f"  living {place}: {users} people, {messages} messages, {files} files")
    begun = time.monotonic()
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    made = asyncio.run(_live(place, users, messages, files, size))
    os.sync()
    note.write_text(json.dumps({"format": FORMAT, **asdict(made)}, default=str))
    say(f"  lived in {time.monotonic() - begun:.0f} s")
    return made


async def _live(place: Path, people: int, messages: int, files: int, size: int) -> Year:
    data = place / "data"
    data.mkdir(mode=0o700)
    dice, ids = random.Random(3), IdMaker(NODE)
    began_ms = int((time.time() - YEAR_S) * 1000)
    blobs = DiskBlobs(data / "blobs", wall=time.time)
    try:
        found = await _files(dice, blobs, files, size)
        faces = await _faces(dice, blobs, people)
    finally:
        await blobs.close()
    say("  files are there")
    dice.shuffle(found)
    nouns, made, rooms = _nouns(place, dice, ids, began_ms, people, faces)
    directory = await SqlDirectory.open(data / seed.DATABASE)
    await directory.commit(nouns, [])
    await directory.close()
    committing = Committing()
    log = LmdbLog(data / "messages", committing.committed, sync=False)
    entries = _entries(dice, ids, began_ms, made, rooms, messages, found)
    while chunk := list(islice(entries, CHUNK)):
        await committing.put(log, chunk)
    await log.close()
    say("  messages are there")
    await _follow(data, dice, made, rooms)
    size = sum(each.size for each in found)
    return dataclasses.replace(made, messages=messages, files=len(found), bytes=size)


# People and places


def _nouns(
    place: Path,
    dice: random.Random,
    ids: IdMaker,
    wall_ms: int,
    people: int,
    faces: list[Asset],
) -> tuple[list[Struct], Year, list[Room]]:
    """Who and what is there, and the rooms to write in."""

    def new() -> int:
        return ids.make(wall_ms)

    nouns: list[Struct] = []
    tokens: list[str] = []
    users: list[int] = []
    for i in range(people + 1):
        user = User(id=new(), username=f"person{i}", global_name=f"Person {i}")
        if i < len(faces):
            user = replace(user, avatar=faces[i].hash)
            nouns.append(replace(faces[i], path=f"avatars/{user.id}", user_id=user.id))
        stored, token = seed.token_of(user.id, wall_ms)
        nouns += [user, stored]
        users.append(user.id)
        tokens.append(token)
    owner, owner_token = users.pop(), tokens.pop()
    guild = new()
    roles = [new() for _ in ROLES]
    nouns += [
        Guild(id=guild, name="A year", owner_id=owner),
        Role(id=guild, guild_id=guild, name="@everyone", permissions=EVERYONE),
        Member(guild_id=guild, user_id=owner, joined_at_ms=wall_ms),
    ]
    for i, (role, name) in enumerate(zip(roles, ROLES, strict=True)):
        bits = P.MANAGE_MESSAGES | P.PIN_MESSAGES | P.KICK_MEMBERS if name == "staff" else 0
        nouns.append(
            Role(
                id=role,
                guild_id=guild,
                name=name,
                position=len(ROLES) - i,
                permissions=bits,
                hoist=i < 2,
                color=dice.getrandbits(24),
                mentionable=True,
            )
        )
    holders: dict[int, list[int]] = {role: [] for role in roles}
    for i, user in enumerate(users):
        # The staff sees the veterans' channels too.
        mine = [roles[0], roles[4]] if i < STAFF else dice.sample(roles[1:], dice.randrange(3))
        nouns.append(
            Member(guild_id=guild, user_id=user, joined_at_ms=wall_ms, roles=tuple(sorted(mine)))
        )
        for role in mine:
            holders[role].append(user)
    rooms: list[Room] = []
    seen: list[int] = []
    for i, category in enumerate(CATEGORIES):
        sees = (None, roles[4], roles[0])[max(0, i - len(CATEGORIES) + HIDDEN + 1)]
        overwrites: tuple[Overwrite, ...] = ()
        if sees is not None:
            role = int(OverwriteType.ROLE)
            overwrites = (
                Overwrite(guild, role, 0, P.VIEW_CHANNEL),
                Overwrite(sees, role, P.VIEW_CHANNEL, 0),
            )
        parent = new()
        kind = int(ChannelType.GUILD_CATEGORY)
        nouns.append(
            Channel(
                id=parent,
                guild_id=guild,
                type=kind,
                name=category,
                position=i,
                overwrites=overwrites,
            )
        )
        for j in range(CHANNELS // len(CATEGORIES)):
            channel = new()
            nouns.append(
                Channel(
                    id=channel,
                    guild_id=guild,
                    type=ChannelType.GUILD_TEXT,
                    name=f"{category}-{j}",
                    position=j,
                    parent_id=parent,
                    overwrites=overwrites,
                    topic=f"All about {category}",
                )
            )
            who = [*users] if sees is None else [*holders[sees]]
            dice.shuffle(who)
            rooms.append(Room(channel, guild, who, 1 / (1 + len(rooms))))
            if sees is None:
                seen.append(channel)
    _private(nouns, new, dice, wall_ms, users, rooms)
    path = place / "tokens"
    path.write_text("".join(f"{token}\n" for token in tokens))
    channels = [room.id for room in rooms if room.guild is not None]
    made = Year(
        place / "data", path, guild, channels, seen, users, owner_token, vocabulary(), roles
    )
    return nouns, made, rooms


def _private(
    nouns: list[Struct],
    new: Callable[[], int],
    dice: random.Random,
    wall_ms: int,
    users: list[int],
    rooms: list[Room],
) -> None:
    """DMs of friends, and groups."""
    pairs = {tuple(sorted(dice.sample(users, 2))) for _ in range(DMS)}
    for one, other in sorted(pairs):
        for mine, theirs in ((one, other), (other, one)):
            nouns.append(
                Relationship(
                    user_id=mine,
                    other_id=theirs,
                    type=RelationshipType.FRIEND,
                    since_ms=wall_ms,
                )
            )
    groups = [tuple(dice.sample(users, dice.randint(3, 8))) for _ in range(GROUPS)]
    for who in [*sorted(pairs), *groups]:
        channel, dm = new(), len(who) == 2
        nouns.append(
            Channel(
                id=channel,
                guild_id=None,
                type=ChannelType.DM if dm else ChannelType.GROUP_DM,
                name="",
                owner_id=None if dm else who[0],
                pair=pair_of(*who) if dm else None,
            )
        )
        nouns += [
            Recipient(channel_id=channel, user_id=user, joined_at_ms=wall_ms, open=True)
            for user in who
        ]
        rooms.append(Room(channel, None, [*who], 1 / 150))


# Files


async def _keep(blobs: DiskBlobs, data: bytes) -> bytes:
    async def pieces() -> AsyncIterator[bytes]:
        yield data

    return (await blobs.put(pieces(), len(data))).hash


async def _files(dice: random.Random, blobs: DiskBlobs, count: int, size: int) -> list[Attachment]:
    """Two thirds pictures, of a hundred motifs; the rest makes up the size. Their ids are 0."""
    motifs = [_motif(dice) for _ in range(max(3, min(100, count // 20)))]
    pictures: list[Attachment] = []
    for i in range(count * 2 // 3):
        data, width, height, placeholder = dice.choice(motifs)
        # A comment makes each picture another one.
        data = data[:2] + b"\xff\xfe\x00\x0a" + i.to_bytes(8, "big") + data[2:]
        pictures.append(
            Attachment(
                id=0,
                filename=f"IMG_{i:05}.jpg",
                size=len(data),
                blob=await _keep(blobs, data),
                content_type="image/jpeg",
                width=width,
                height=height,
                placeholder=placeholder,
            )
        )
    others: list[Attachment] = []
    kinds = (("pdf", "application/pdf"), ("zip", "application/zip"), ("mp4", "video/mp4"),
             ("ogg", "audio/ogg"), ("txt", "text/plain"))  # fmt: skip
    shares = [dice.lognormvariate(0, 1.2) for _ in range(count - len(pictures))]
    each = max(size - sum(one.size for one in pictures), 1000 * len(shares)) / sum(shares)
    for i, share in enumerate(shares):
        ending, kind = dice.choice(kinds)
        data = dice.randbytes(max(1, int(share * each)))
        others.append(
            Attachment(
                id=0,
                filename=f"file-{i}.{ending}",
                size=len(data),
                blob=await _keep(blobs, data),
                content_type=kind,
            )
        )
    return pictures + others


def _motif(dice: random.Random) -> tuple[bytes, int, int, str]:
    """A JPEG of varied size that looks like nothing much, its sides, its placeholder."""
    width, height = dice.randint(320, 1920), dice.randint(240, 1280)
    small = (max(2, width // 3), max(2, height // 3))
    bands = [Image.effect_noise(small, dice.uniform(20, 90)) for _ in range(3)]
    box = (0.0, 0.0, 1.0 * small[0], 1.0 * small[1])
    image = Image.merge("RGB", bands).transform(
        (width, height), Image.Transform.EXTENT, box, Image.Resampling.BICUBIC
    )
    into = io.BytesIO()
    image.save(into, "JPEG", quality=80)
    tiny = image.convert("RGBA")
    tiny.thumbnail((100, 100))
    mark = base64.b64encode(thumbhash(tiny.width, tiny.height, tiny.tobytes())).decode()
    return into.getvalue(), width, height, mark


async def _faces(dice: random.Random, blobs: DiskBlobs, count: int) -> list[Asset]:
    """Avatars, of which the owner is to be named."""
    found: list[Asset] = []
    for _ in range(count):
        image = Image.merge("RGB", [Image.effect_noise((128, 128), 60) for _ in range(3)])
        into = io.BytesIO()
        image.save(into, "PNG")
        blob = await _keep(blobs, into.getvalue())
        found.append(Asset(path="", hash=blob.hex()[:32], blob=blob, type="image/png"))
    return found


# Messages


def vocabulary() -> list[str]:
    """Made-up words, the most frequent first."""
    dice = random.Random(4)
    parts = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "ei", "or")]
    found: dict[str, None] = {}
    while len(found) < VOCABULARY:
        found["".join(dice.choices(parts, k=dice.choice((1, 2, 2, 3, 3, 4))))] = None
    return [*found]


def _entries(
    dice: random.Random,
    ids: IdMaker,
    began_ms: int,
    made: Year,
    rooms: list[Room],
    count: int,
    files: list[Attachment],
) -> Iterator[Entry]:
    """What happened in a year up to an hour ago, in order."""
    words = made.words
    weights = list(accumulate(1 / (i + 2.7) for i in range(len(words))))
    busy = list(accumulate(room.weight for room in rooms))
    step_ms = (YEAR_S - 3600) * 1000 / count
    bundles = [
        each for i in range(0, len(files), 3) for each in (files[i : i + 2], files[i + 2 : i + 3])
    ]
    with_files = frozenset(dice.sample(range(count), len(bundles)))
    room, burst = rooms[0], 0
    for i in range(count):
        if not burst:
            room = dice.choices(rooms, cum_weights=busy)[0]
            burst = 1 + int(dice.expovariate(1 / 8))
        burst -= 1
        now_ms = began_ms + 1000 + int(i * step_ms)
        # Of those in a room some write much and most little.
        author = room.people[int(len(room.people) * dice.random() ** 2)]
        text = " ".join(dice.choices(words, cum_weights=weights, k=2 + int(dice.expovariate(0.09))))
        message = Message(
            id=0, channel_id=room.id, author_id=author, type=int(MessageType.DEFAULT), content=text
        )
        message = _dressed(dice, made, room, message)
        if i in with_files:
            kept = tuple(replace(each, id=ids.make(now_ms)) for each in bundles.pop())
            message = replace(message, attachments=kept)
        message = replace(message, id=ids.make(now_ms))
        yield Entry(Kind.CREATE, room.id, message.id, encode(message))
        yield from _later(dice, room, message, now_ms)
        room.last.append(message.id)
        del room.last[:-20]


def _dressed(dice: random.Random, made: Year, room: Room, message: Message) -> Message:
    """A message with what some have: links, mentions, replies, embeds, other scripts."""
    chance = dice.random()
    text = message.content
    if chance < 0.04:
        text += f" https://{dice.choice(HOSTS)}/{dice.getrandbits(24):x}"
        message = replace(message, content=text)
    elif chance < 0.10:
        user = dice.choice(room.people)
        message = replace(message, content=f"<@{user}> {text}", mentions=(user,))
    elif chance < 0.12:
        message = replace(message, content="".join(dice.choices(IDEOGRAPHS, k=12)))
    elif chance < 0.125 and room.guild is not None:
        role = dice.choice(made.roles)
        message = replace(message, content=f"<@&{role}> {text}", mention_roles=(role,))
    elif chance < 0.126 and room.guild is not None:
        message = replace(message, content=f"@everyone {text}", mention_everyone=True)
    elif chance < 0.146:
        embed = Embed(
            title=text[:60],
            description=text,
            url=f"https://{dice.choice(HOSTS)}/",
            fields=[EmbedField(name="what", value=text[:40])],
        )
        message = replace(message, embeds=embeds_json([embed]))
    elif chance < 0.27 and room.last:
        to = MessageReference(room.id, dice.choice(room.last), room.guild)
        message = replace(message, type=int(MessageType.REPLY), reference=to)
    return message


def _later(dice: random.Random, room: Room, message: Message, now_ms: int) -> Iterator[Entry]:
    """What becomes of a message."""
    chance = dice.random()
    if chance < 0.02 and not message.attachments:
        yield Entry(Kind.DELETE, room.id, message.id)
        return
    if chance < 0.06:
        edited = replace(message, content=f"{message.content} edited", edited_at_ms=now_ms + 9000)
        yield Entry(Kind.UPDATE, room.id, message.id, encode(edited))
    elif chance < 0.14:
        for name in dice.sample(EMOJI, dice.choice((1, 1, 1, 2, 3))):
            emoji = ReactionEmoji(None, name)
            for user in dice.sample(room.people, min(len(room.people), dice.randint(1, 5))):
                yield Entry(
                    Kind.MARK,
                    room.id,
                    message.id,
                    name=emoji.mark,
                    user_id=user,
                    at_ms=now_ms + 5000,
                    label=emoji.label,
                )
    elif chance < 0.1405:
        yield Entry(Kind.PIN, room.id, message.id, at_ms=now_ms + 5000)


async def _follow(data: Path, dice: random.Random, made: Year, rooms: list[Room]) -> None:
    """Let everything catch up that follows the journal; then all must be well."""
    states: list[ReadState] = []
    async with opened(settings(None, str(data), "127.0.0.1:0")) as world:
        for consumer in (unread, attachments):
            while await consumer.step(world):
                pass
        await search.catch_up(world)
        for room in rooms:
            last = world.log.last_id(room.id)
            if last is not None:
                states += [
                    ReadState(user_id=user, channel_id=room.id, last_message_id=last)
                    for user in room.people
                    if dice.random() < 0.9
                ]
        await world.write(states)
        # As a server does each hour; else one that is measured would do a year's of it.
        await trim_mentions(world)
        faults = await world.check()
    if faults:
        raise Failed(f"the year is not sound: {faults[:5]}")
