"""Every read there is, with every id there is: nobody reads what they may not see, not even once.

Each channel has words of its own in its name, its topic and its messages. Whoever does not see the
channel must find none of them in any reply, whatever they ask for, before a change of permissions
and while one happens.
"""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from hearth.actions.all import MODULES
from hearth.actions.elsewhere import ELSEWHERE
from hearth.core.operations import OPERATIONS, Operation
from hearth.core.permissions import P
from tests.doors.conftest import Den
from tests.harness import Client, Server, until, until_yes

assert MODULES

READS = [
    each
    for each in (*OPERATIONS.values(), *ELSEWHERE.values())
    if each.method == "GET" and each.path
]

NEARLY_ALL = (
    P.MANAGE_CHANNELS
    | P.MANAGE_MESSAGES
    | P.MANAGE_ROLES
    | P.MANAGE_WEBHOOKS
    | P.MANAGE_THREADS
    | P.PIN_MESSAGES
    | P.READ_MESSAGE_HISTORY
    | P.BAN_MEMBERS
    | P.KICK_MEMBERS
)
"""Much, but neither ADMINISTRATOR nor what shows the whole guild's log and invites."""

EVERYTHING_LISTED = {"list_guild_audit_log_entries", "list_guild_invites"}
"""Who has VIEW_AUDIT_LOG or MANAGE_GUILD is shown the names of all channels here, as by Discord."""

BY_CODE = {"invite_resolve"}
"""Who has a code is shown the name of its channel: that is what a code is for."""

ROUNDS = 12


class House(Den):
    """A guild with an open and two closed channels, another guild, and a DM: each with words."""

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        self.cat = self.member("cat")
        self.keeper = self.member("keeper")
        self.auditor = self.member("auditor")
        self.stranger = self.person("stranger")
        self.robot = self.bot()
        self.words: dict[int, tuple[str, str]] = {}
        """By channel: the word of its name and topic, and that of its messages."""
        self.sees: dict[int, set[int]] = {}
        """Who sees a channel, beside the owner."""
        self.messages: list[int] = []
        self.codes: list[str] = []
        self.roles: list[int] = []
        self.other, self.elsewhere = server.guild("Other", self.ann.name)

    async def do(self, method: str, path: str, body: Any = None, who: Client | None = None) -> Any:
        """Somebody does something, the owner if nobody else; it must work."""
        answer = await (who or self.ann).call(method, path, json=body)
        assert answer.status < 300, (path, answer.body)
        return answer.body

    async def build(self) -> None:
        """Make everything."""
        members = {self.bob.id, self.cat.id, self.keeper.id, self.auditor.id, self.robot.id}
        for who, bits in ((self.keeper, NEARLY_ALL), (self.auditor, P.VIEW_AUDIT_LOG)):
            made = await self.do(
                "POST", f"/guilds/{self.guild}/roles", {"name": "role", "permissions": str(bits)}
            )
            self.roles.append(int(made["id"]))
            await self.do("PUT", f"/guilds/{self.guild}/members/{who.id}/roles/{made['id']}")
        await self.furnish(await self.closed("open", {}), members)
        await self.furnish(await self.closed("closed", {self.guild: 0}), set())
        only = await self.closed("bobs", {self.guild: 0, self.bob.id: 1})
        await self.furnish(only, {self.bob.id})
        await self.furnish(await self.closed("elsewhere", {}, self.other), set())
        dm = await self.do("POST", "/users/@me/channels", {"recipient_id": self.bob.id})
        await self.furnish(int(dm["id"]), {self.bob.id}, private=True)
        # Mentions are counted behind the messages: Ann's own come last.
        await self.do("POST", f"/channels/{dm['id']}/messages", {"content": "last"}, self.bob)
        await until_yes(lambda: self.mentioned(int(dm["id"])))

    async def mentioned(self, channel: int) -> bool:
        """Whether the last message that names Ann was counted, and so all before it."""
        gateway = await self.ann.connect()
        ((_, _, ready), *_) = gateway.dispatches
        await gateway.close()
        entries = ready["read_state"]["entries"]
        return any(one["id"] == str(channel) and one["mention_count"] for one in entries)

    async def closed(self, name: str, views: dict[int, int], guild: int = 0) -> int:
        """A new channel that those in `views` see or do not; its id."""
        view = str(int(P.VIEW_CHANNEL))
        overwrites = [
            {
                "id": str(each),
                "type": 0 if each == self.guild else 1,
                "allow": view if sees else "0",
                "deny": "0" if sees else view,
            }
            for each, sees in views.items()
        ]
        body = {"name": name, "type": 0, "permission_overwrites": overwrites}
        made = await self.do("POST", f"/guilds/{guild or self.guild}/channels", body)
        return int(made["id"])

    async def furnish(self, channel: int, sees: set[int], *, private: bool = False) -> None:
        """Put words, a reply, a mention, a reaction, a pin and an invite into a channel."""
        name, said = f"named{channel}", f"said{channel}"
        self.words[channel], self.sees[channel] = (name, said), {self.ann.id, *sees}
        if not private:
            await self.do("PATCH", f"/channels/{channel}", {"name": name, "topic": f"on {name}"})
        path = f"/channels/{channel}/messages"
        mention = f"{said} <@{self.cat.id}> @everyone"
        first = await self.do("POST", path, {"content": mention})
        reference = {"message_id": first["id"]}
        answer = {"content": f"{said} again", "message_reference": reference}
        second = await self.do("POST", path, {**answer, "embeds": [{"title": said}]})
        for each in (first, second):
            await self.do("PUT", f"{path}/pins/{each['id']}")
            await self.do("PUT", f"{path}/{each['id']}/reactions/👍/@me")
        self.messages += [int(first["id"]), int(second["id"])]
        if not private:
            made = await self.do("POST", f"/channels/{channel}/invites", {"unique": True})
            self.codes.append(made["code"])

    def calls(self, operation: Operation) -> Iterator[tuple[str, dict[str, str]]]:
        """Every path of an operation that the ids make, and a query of each kind for it."""
        there: dict[str, list[Any]] = {
            "guild_id": [self.guild, self.other],
            "channel_id": [*self.words],
            "message_id": self.messages,
            "user_id": [self.ann.id, self.bob.id, "@me"],
            "role_id": [self.guild, *self.roles],
            "emoji_name": ["👍"],
            "code": self.codes,
            "application_id": [self.robot.id],
        }
        names = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
        queries: list[dict[str, str]] = [{}]
        fields = operation.query.__struct_fields__ if operation.query else ()
        queries += [{"around": str(each)} for each in self.messages if "around" in fields]
        queries += [{"after": "0", "limit": "100"}] * ("after" in fields)
        queries += [{"query": "b", "limit": "100"}] * ("query" in fields)
        queries += [{"content": said} for _, said in self.words.values() if "content" in fields]
        queries += [{"with_counts": "true"}] * ("with_counts" in fields)
        for values in itertools.product(*(there.get(name, [self.guild + 1]) for name in names)):
            for query in queries:
                yield operation.path.format(**dict(zip(names, values, strict=True))), query

    def hidden(self, who: Client, operation: str) -> set[str]:
        """The words that a reply to somebody may not have."""
        found: set[str] = set()
        for channel, (name, said) in self.words.items():
            if who.id not in self.sees[channel]:
                found |= {said}
                shown = operation in BY_CODE
                shown |= who is self.auditor and operation in EVERYTHING_LISTED
                if not shown:
                    found |= {name, f'"{channel}"'}
        return found


@pytest.fixture(scope="module")
def built(server: Server) -> House:
    """The house; tests share it."""
    made = House(server)

    async def build() -> None:
        await made.build()
        await leave(made)

    asyncio.run(build())
    return made


@pytest.fixture
async def house(built: House) -> AsyncIterator[House]:
    """The house, whose connections end with the test."""
    yield built
    await leave(built)


async def leave(house: House) -> None:
    """End the connections, which belong to one loop."""
    for client in house.clients:
        await client.close()
        client.gateway = client.session = None


VIEWERS = ("bob", "cat", "keeper", "auditor", "robot", "stranger", "ann")


@pytest.mark.parametrize("name", VIEWERS)
async def test_no_read_leaks(house: House, name: str) -> None:
    who: Client = getattr(house, name)
    asked, found = 0, set[str]()
    for operation in READS:
        hidden = house.hidden(who, operation.name)
        for path, query in house.calls(operation):
            answer = await who.get(path, params=query)
            text = json.dumps(answer.body)
            asked += 1
            leaks = {word for word in hidden if word in text}
            assert not leaks, (operation.name, path, query, text)
            assert answer.status < 500, path
            found |= {word for pair in house.words.values() for word in pair if word in text}
    assert asked > 500
    # What they do see, they found: the reads are not empty for another reason.
    seen = {word for channel, pair in house.words.items() for word in pair}
    expected = {
        word
        for channel, pair in house.words.items()
        for word in pair
        if who.id in house.sees[channel]
    }
    assert expected - {f"named{dm}" for dm in list(house.words)[-1:]} <= found <= seen


@pytest.mark.parametrize("name", VIEWERS)
async def test_no_event_at_the_beginning_leaks(house: House, name: str) -> None:
    """READY, GUILD_CREATE, member chunks, and what comes of asking for closed channels."""
    who: Client = getattr(house, name)
    gateway = await who.connect()
    for guild in (house.guild, house.other):
        await gateway.send(8, {"guild_id": str(guild), "query": "", "limit": 0})
    for command in OPERATIONS.values():
        if command.op == 14:
            ranges = {str(channel): [[0, 99]] for channel in house.words}
            for guild in (house.guild, house.other):
                await gateway.send(14, {"guild_id": str(guild), "channels": ranges})
    await gateway.send(1, None)
    await gateway.other(11)
    text = json.dumps([d for _, _, d in gateway.dispatches])
    leaks = {word for word in house.hidden(who, "READY") if word in text}
    assert not leaks


async def test_no_read_leaks_while_permissions_change(house: House) -> None:
    """What is asked after a refusal was acknowledged shows nothing, however busy the server is."""
    channel = await house.closed("turns", {})
    await house.furnish(channel, set())
    name, said = house.words[channel]
    who, path = house.cat, f"/channels/{channel}/permissions/{house.cat.id}"
    view = str(int(P.VIEW_CHANNEL))
    reads = [
        (each, path, query)
        for each in READS
        if {"guild_id", "channel_id"} & {part[1:-1] for part in each.path.split("/")}
        for path, query in house.calls(each)
        if str(channel) in path or (str(house.guild) in path and not query)
    ]
    shut = 0
    """The number of the turn in which it is shut; 0 while it is open."""
    told = await who.connect()
    leaks: list[Any] = []
    seen = 0

    async def read(part: list[Any]) -> None:
        nonlocal seen
        for operation, path, query in itertools.cycle(part):
            closed = shut
            answer = await who.get(path, params=query)
            text = json.dumps(answer.body)
            if operation.name in BY_CODE or not (name in text or said in text):
                continue
            seen += 1
            if closed and shut == closed:
                leaks.append((operation.name, path, answer.body))

    readers = [asyncio.create_task(read(reads[number::4])) for number in range(4)]
    for number in range(ROUNDS):
        body = {"type": 1, "allow": "0", "deny": view}
        await house.do("PUT", path, body)
        shut = number + 1
        secret = f"secret{number}x"
        made = await house.do("POST", f"/channels/{channel}/messages", {"content": secret})
        await house.do("PATCH", f"/channels/{channel}/messages/{made['id']}", {"content": secret})
        for each in reads[:: ROUNDS // 2]:
            answer = await who.get(each[1], params=each[2])
            assert each[0].name in BY_CODE or said not in json.dumps(answer.body), each[1]
        await house.say(house.ann, f"fence {number}")
        while (await told.event("MESSAGE_CREATE"))["content"] != f"fence {number}":
            pass
        assert secret not in json.dumps([d for _, _, d in told.dispatches])
        await house.do("DELETE", f"/channels/{channel}/messages/{made['id']}")
        shut = 0
        await house.do("DELETE", path)
        before = seen
        await until(lambda before=before: seen > before)
    for each in readers:
        each.cancel()
    await asyncio.gather(*readers, return_exceptions=True)
    assert leaks == []
    assert seen >= ROUNDS
    assert not any(
        isinstance(each.exception(), AssertionError) for each in readers if not each.cancelled()
    )
    del house.words[channel], house.sees[channel]
    await house.do("DELETE", f"/channels/{channel}")
