"""A guild of any size on disk, for a server that is then started on it.

The nouns go through the Directory port in a few large transactions: what the real operations
store, without an HTTP call, a password hash and a commit for each of 10,000 members.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct

from hearth.core.ids import IdMaker
from hearth.core.models.channels import Channel, ChannelType, Overwrite, OverwriteType
from hearth.core.models.guilds import Guild
from hearth.core.models.members import Member
from hearth.core.models.roles import Role
from hearth.core.models.users import Application, Token, User
from hearth.core.permissions import EVERYONE, P
from hearth.store.directory.directory import SqlDirectory
from hearth.store.messages_lmdb import LmdbLog

DATABASE = "metadata.db"
"""Where in its data directory the server keeps the metadata."""

under: Path | None = None
"""A data directory that every world is made on top of (`run.py --year`)."""

BOT_FLAGS = 1 << 13 | 1 << 15 | 1 << 19
API = "/api/v10"


@dataclass(frozen=True)
class World:
    """What was made. `tokens`, `posts`, `gets` are files for c/load.c: a line for each member, and
    a request of the owner (no member of `tokens`) for each channel."""

    data: Path
    tokens: Path
    posts: Path
    gets: Path
    guild: int
    channels: list[int]
    roles: list[int]
    users: list[int]
    owner_token: str
    bot_token: str


def make(
    data: Path, members: int, channels: int = 1, private: bool = False, age_s: int = 0
) -> World:
    """A guild of `members` people, an owner and an administrator bot, in an empty directory.

    Where `private`, channel i is seen by role i only and member j has role j modulo `channels`:
    each channel has members / channels listeners. All of it was made `age_s` ago. It is added to
    what is in `under`, where that is set.
    """
    begin(data, under)
    ids, wall_ms = IdMaker(0), int((time.time() - age_s) * 1000)

    def new() -> int:
        return ids.make(wall_ms)

    nouns: list[Struct] = []

    def person(name: str, bot: bool = False) -> tuple[int, str]:
        user = User(id=new(), username=name, global_name=None if bot else name.title(), bot=bot)
        stored, token = token_of(user.id, wall_ms)
        nouns.extend([user, stored])
        return user.id, token

    guild_id = new()
    owner_id, owner_token = person("owner")
    bot_id, bot_token = person("bot", bot=True)
    channel_ids = [new() for _ in range(channels)]
    role_ids = [new() for _ in range(channels)] if private else []
    administrator = new()
    nouns += [
        Application(id=bot_id, bot_id=bot_id, owner_id=owner_id, name="bot", flags=BOT_FLAGS),
        Guild(id=guild_id, name="Perf", owner_id=owner_id),
        Role(id=guild_id, guild_id=guild_id, name="@everyone", permissions=EVERYONE),
        Role(
            id=administrator,
            guild_id=guild_id,
            name="bot",
            permissions=P.ADMINISTRATOR,
            position=1,
            managed=True,
            bot_id=bot_id,
        ),
    ]
    for i, role_id in enumerate(role_ids):
        nouns.append(Role(id=role_id, guild_id=guild_id, name=f"role {i}", position=2 + i))
    for i, channel_id in enumerate(channel_ids):
        overwrites: tuple[Overwrite, ...] = ()
        if private:
            role = int(OverwriteType.ROLE)
            overwrites = (
                Overwrite(guild_id, role, 0, P.VIEW_CHANNEL),
                Overwrite(role_ids[i], role, P.VIEW_CHANNEL, 0),
            )
        nouns.append(
            Channel(
                id=channel_id,
                guild_id=guild_id,
                type=ChannelType.GUILD_TEXT,
                name=f"channel-{i}",
                position=i,
                overwrites=overwrites,
            )
        )

    def joined(user_id: int, *roles: int) -> Member:
        return Member(guild_id=guild_id, user_id=user_id, joined_at_ms=wall_ms, roles=roles)

    nouns += [joined(owner_id), joined(bot_id, administrator)]
    people = [person(f"member{i}") for i in range(members)]
    for i, (user_id, _) in enumerate(people):
        nouns.append(joined(user_id, *([role_ids[i % channels]] if private else [])))
    asyncio.run(_store(data, nouns))

    place = data.parent
    tokens, posts, gets = (place / f"{data.name}.{kind}" for kind in ("tokens", "posts", "gets"))
    tokens.write_text("".join(f"{token}\n" for _, token in people))
    paths = [f"{API}/channels/{channel_id}/messages" for channel_id in channel_ids]
    posts.write_text("".join(f"POST {path} {owner_token}\n" for path in paths))
    gets.write_text("".join(f"GET {path}?limit=50 {owner_token}\n" for path in paths))
    users = [user_id for user_id, _ in people]
    return World(
        data, tokens, posts, gets, guild_id, channel_ids, role_ids, users, owner_token, bot_token
    )


def begin(data: Path, copied: Path | None) -> None:
    """An empty directory, or a copy of one; blobs are linked, as nobody writes to them."""
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    if copied is not None:
        shutil.copytree(copied, data, ignore=shutil.ignore_patterns("blobs"), dirs_exist_ok=True)
        blobs = copied / "blobs"
        one_disk = data.stat().st_dev == blobs.stat().st_dev
        copy = os.link if one_disk else shutil.copy2
        shutil.copytree(blobs, data / "blobs", copy_function=copy)


def token_of(user_id: int, wall_ms: int) -> tuple[Token, str]:
    """A new token of a user, as it is stored and as it is sent."""
    owner = base64.urlsafe_b64encode(str(user_id).encode()).rstrip(b"=").decode()
    moment = base64.urlsafe_b64encode((wall_ms // 1000).to_bytes(5, "big")).rstrip(b"=")
    token = f"{owner}.{moment.decode()}.{secrets.token_urlsafe(32)}"
    digest = hashlib.sha256(token.encode()).digest()
    return Token(hash=digest, user_id=user_id, created_at_ms=wall_ms), token


async def _store(data: Path, nouns: list[Struct]) -> None:
    """The metadata, and a message log without which it would be refused."""
    directory = await SqlDirectory.open(data / DATABASE)
    await directory.commit(nouns, [])
    await directory.close()
    await LmdbLog(data / "messages", lambda results: None).close()
