"""Random worlds of voice: what a session knows of who is where is what it may see, and no more."""

import os
import random
from contextlib import suppress
from typing import Any

import pytest

from hearth.core.errors import Refused
from hearth.core.models.channels import Channel, Overwrite
from hearth.core.models.guilds import Snapshot
from hearth.core.models.members import Member
from hearth.core.models.roles import Role
from hearth.core.permissions import EVERYONE, P, resolve
from tests.doors.inside import Client, Inside

WORLDS = 40 * (10 if os.environ.get("HEARTH_SOAK") == "1" else 1)
STEPS = 40

pytestmark = pytest.mark.timeout(600)

GUILD = 1000
ROLES = (1001, 1002)
CHANNELS = (1011, 1012, 1013)
OWNER, PEOPLE, BOT, DEAF_BOT = 11, (12, 13, 14), 21, 22
BITS = (P.VIEW_CHANNEL, P.CONNECT, P.SPEAK, P.STREAM)
ALL_INTENTS = 0x3FFFFFF & ~(1 << 17 | 1 << 18 | 1 << 19 | 1 << 22 | 1 << 23)
VOICE = 1 << 7


class Known:
    """A client that keeps who is where, by what it is told."""

    def __init__(self, client: Client, user_id: int) -> None:
        self.client = client
        self.user_id = user_id
        self.places: dict[int, int] = {}
        self.named: set[int] = set()
        """The channels that were named since the last look."""

    def read(self) -> None:
        """Take what came."""
        self.named.clear()
        for name, d in self.client.take():
            if name == "READY":
                for guild in d["guilds"]:
                    self._guild(guild)
            elif name == "GUILD_CREATE":
                self._guild(d)
            elif name == "GUILD_DELETE":
                self.places.clear()
            elif name == "VOICE_STATE_UPDATE":
                user_id, channel = int(d["user_id"]), d["channel_id"]
                self.places.pop(user_id, None)
                if channel is not None:
                    self.places[user_id] = int(channel)
                    self.named.add(int(channel))
            elif name.startswith(("VOICE_CHANNEL", "STAGE_INSTANCE")):
                self.named.add(int(d.get("channel_id") or d["id"]))

    def _guild(self, d: dict[str, Any]) -> None:
        self.places = {
            int(state["user_id"]): int(state["channel_id"]) for state in d.get("voice_states", ())
        }
        self.named |= {*self.places.values()}


def overwrites(luck: random.Random) -> tuple[Overwrite, ...]:
    """For everybody, a role and a member, at random."""
    targets = [(GUILD, 0), (luck.choice(ROLES), 0), (luck.choice(PEOPLE), 1)]
    made: list[Overwrite] = []
    for target, kind in targets[: luck.randrange(4)]:
        allow = sum(bit for bit in BITS if luck.random() < 0.3)
        deny = sum(bit for bit in BITS if luck.random() < 0.3) & ~allow
        made.append(Overwrite(target, kind, allow, deny))
    return tuple(made)


def sees(snapshot: Snapshot, user_id: int) -> set[int]:
    """The channels that a member sees."""
    member = snapshot.members.get(user_id)
    if member is None:
        return set()
    return {
        channel.id
        for channel in snapshot.channels.values()
        if resolve(snapshot, member, channel, 0) & P.VIEW_CHANNEL
    }


async def step(inside: Inside, luck: random.Random, known: list[Known]) -> None:
    """One thing happens."""
    who = luck.choice((OWNER, *PEOPLE))
    kind = luck.random()
    role, channel = luck.choice(ROLES), luck.choice(CHANNELS)
    with suppress(Refused):
        if kind < 0.45:
            actor = luck.choice(known)
            where = luck.choice([*CHANNELS, None])
            d = {"guild_id": str(GUILD), "channel_id": where and str(where)}
            actor.client.say((4, {**d, "self_mute": luck.random() < 0.5}))
        elif kind < 0.6:
            at = {"channel_id": channel, "overwrite_id": luck.choice((GUILD, role, who))}
            bits = luck.choice(BITS)
            sort = 1 if at["overwrite_id"] in PEOPLE or at["overwrite_id"] == OWNER else 0
            body = {"type": sort, luck.choice(("allow", "deny")): str(bits)}
            await inside.call("set_channel_permission_overwrite", OWNER, body, **at)
        elif kind < 0.7:
            name = luck.choice(("add_guild_member_role", "delete_guild_member_role"))
            await inside.call(name, OWNER, guild_id=GUILD, user_id=who, role_id=role)
        elif kind < 0.8:
            bits = EVERYONE & ~sum(bit for bit in BITS if luck.random() < 0.3)
            body = {"permissions": str(bits)}
            await inside.call("update_guild_role", OWNER, body, guild_id=GUILD, role_id=GUILD)
        elif kind < 0.9:
            body = {"channel_id": luck.choice([*map(str, CHANNELS), None])}
            await inside.call("update_guild_member", OWNER, body, guild_id=GUILD, user_id=who)
        elif kind < 0.95:
            until = luck.choice(["2027-01-15T08:20:00+00:00", None])
            body = {"communication_disabled_until": until}
            await inside.call("update_guild_member", OWNER, body, guild_id=GUILD, user_id=who)
        else:
            body = {"status": luck.choice(["a", "b", None])}
            await inside.call("update_voice_channel_status", OWNER, body, channel_id=channel)
    await inside.settle()


async def run(seed: int) -> None:
    luck = random.Random(seed)
    inside = await Inside.build(luck.choice((1, 2)))
    for user_id in (OWNER, *PEOPLE):
        await inside.person(user_id)
    for bot in (BOT, DEAF_BOT):
        await inside.person(bot, bot=True, flags=1 << 12 | 1 << 14 | 1 << 18)
    bots = [
        Member(guild_id=GUILD, user_id=bot, joined_at_ms=1, roles=(luck.choice(ROLES),))
        for bot in (BOT, DEAF_BOT)
    ]
    made = [
        Channel(id=i, guild_id=GUILD, type=2, name="talk", overwrites=overwrites(luck))
        for i in CHANNELS
    ]
    roles = [Role(id=i, guild_id=GUILD, name="r", permissions=0, position=1) for i in ROLES]
    await inside.guild(GUILD, OWNER, PEOPLE, [*roles, *made, *bots])
    last = len(inside.gateways) - 1
    known = [
        Known(await inside.connect(f"token{user_id}", gateway=last, **more), user_id)
        for user_id, more in [
            *((each, {}) for each in (OWNER, *PEOPLE)),
            (BOT, {"intents": ALL_INTENTS}),
        ]
    ]
    other = await inside.connect(f"token{DEAF_BOT}", gateway=last, intents=ALL_INTENTS & ~VOICE)
    deaf = Known(other, DEAF_BOT)
    for each in known:
        each.read()
    before = {each.user_id: set[int]() for each in (*known, deaf)}
    for number in range(STEPS):
        await step(inside, luck, known)
        if luck.random() < 0.1:
            late = luck.choice(PEOPLE)
            fresh = Known(await inside.connect(f"token{late}", gateway=last), late)
            known.append(fresh)
        snapshot = inside.worlds[-1].homes[GUILD].snapshot
        assert snapshot is not None
        for each in (*known, deaf):
            each.read()
            seen = sees(snapshot, each.user_id)
            about = f"seed {seed} step {number} user {each.user_id}"
            assert each.named <= seen | before[each.user_id], about
            before[each.user_id] = seen
            right = {
                state.user_id: state.channel_id
                for state in snapshot.voice_states.values()
                if state.channel_id in seen
            }
            assert each.places == ({} if each is deaf else right), about
        for state in snapshot.voice_states.values():
            assert state.channel_id in sees(snapshot, state.user_id)
    await inside.close()


@pytest.mark.parametrize("part", range(4))
async def test_who_is_where_is_known_to_who_may_see_it(part: int) -> None:
    start = int(os.environ.get("HEARTH_SEED", "0"))
    for seed in range(start + part, start + WORLDS, 4):
        await run(seed)
