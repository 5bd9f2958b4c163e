"""The rows about one large thing at a time: how much CPU it takes, how long the loop is held up."""

from __future__ import annotations

import http.client
import json
import socket
import struct
from collections.abc import Callable
from functools import partial
from typing import Any

import peers
import seed
from harness import Failed, Load, Server, median, say, spread
from rows import Figure, Scale, loaded, row, world

ALL_INTENTS = (1 << 26) - 1 & ~(1 << 17 | 1 << 18 | 1 << 19 | 1 << 22 | 1 << 23)


class Session:
    """One gateway session on a blocking socket."""

    def __init__(self, server: Server) -> None:
        self.socket = socket.create_connection((server.host, server.port), 60)
        self.socket.sendall(
            b"GET /gateway/?v=10&encoding=json HTTP/1.1\r\nHost: perf\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\n"
            b"Sec-WebSocket-Version: 13\r\n\r\n"
        )
        self.stream = self.socket.makefile("rb", buffering=1 << 20)
        while self.stream.readline() != b"\r\n":
            pass
        self.read()  # HELLO

    def read(self) -> bytes:
        """The payload of the next text frame."""
        while True:
            head = self.stream.read(2)
            if len(head) < 2:
                raise Failed("the gateway hung up")
            count = head[1]
            if count == 126:
                (count,) = struct.unpack(">H", self.stream.read(2))
            elif count == 127:
                (count,) = struct.unpack(">Q", self.stream.read(8))
            payload = self.stream.read(count)
            if head[0] & 15 == 8:
                raise Failed(f"the gateway closed with {payload[:2].hex()}")
            if head[0] & 15 == 1:
                return payload

    def send(self, op: int, d: object) -> None:
        text = json.dumps({"op": op, "d": d}).encode()
        if len(text) > 125:
            head = bytes((0x81, 0xFE)) + struct.pack(">H", len(text))
        else:
            head = bytes((0x81, 0x80 | len(text)))
        self.socket.sendall(head + bytes(4) + text)  # masked with 0

    def identify(self, token: str) -> None:
        properties = {"os": "linux", "browser": "perf", "device": "perf"}
        self.send(2, {"token": token, "intents": ALL_INTENTS, "properties": properties})
        self.until("READY")

    def until(self, name: str, times: int = 1) -> None:
        wanted = f'"t":"{name}"'.encode()
        while times:
            times -= wanted in self.read()[:200]

    def close(self) -> None:
        self.stream.close()
        self.socket.close()


def come_in(server: Server, made: seed.World, token: str, bot: bool) -> None:
    """Identify and read READY, the guild and every chunk of its members."""
    session = Session(server)
    session.identify(token)
    if bot:
        session.until("GUILD_CREATE")
    session.send(8, {"guild_id": str(made.guild), "query": "", "limit": 0})
    session.until("GUILD_MEMBERS_CHUNK", (len(made.users) + 2 + 999) // 1000)
    session.close()


def held_up(server: Server, what: Callable[[], object]) -> float:
    """The longest in ms that the loop of a watched server was held up while `what` ran."""
    assert server.child.stdin is not None
    late: list[float] = []
    for act in (None, what):
        if act is not None:
            act()
        server.child.stdin.write("\n")
        late.append(json.loads(server.line(60))["late_ms"])
    return late[-1]


@row("ready.bot", "ready.user", "ready.pause")
def ready(scale: Scale) -> list[Figure]:
    """A bot with all intents, and a user, enter a guild that is in memory."""
    members = scale.of(10_000, 1000)
    made = world(members)
    tokens = {"bot": made.bot_token, "user": made.tokens.read_text().split()[0]}
    cpu: dict[str, list[float]] = {"bot": [], "user": []}
    pause: list[float] = []
    with peers.hearth(made.data) as server:
        for kind, token in tokens.items():
            come_in(server, made, token, kind == "bot")
        for _ in range(scale.rounds * 2):
            for kind, token in tokens.items():
                before = server.cpu_ns()
                come_in(server, made, token, kind == "bot")
                cpu[kind].append((server.cpu_ns() - before) / 1e6)
    with peers.watched(made.data) as server:
        for i in range(scale.rounds * 2 + 1):
            for kind, token in tokens.items():
                late = held_up(server, lambda t=token, k=kind: come_in(server, made, t, k == "bot"))
                if i:  # the first one loads the guild
                    pause.append(late)
    what = f"READY, guild and all chunks of {members} members"
    figures = [
        Figure(
            f"ready.{kind}", f"{what}, {kind}, CPU ms", spread(v, 1), "≤ 10", median(v) <= 10, cpu
        )
        for kind, v in cpu.items()
    ]
    what += ": the loop held up, worst of all, ms"
    worst = max(pause)
    figures.append(
        Figure("ready.pause", what, f"{worst:.1f}", "≤ 20", worst <= 20, {"pause": pause})
    )
    return figures


def patch_role(server: Server, made: seed.World, role: int, permissions: int) -> None:
    link = http.client.HTTPConnection(server.host, server.port, timeout=60)
    headers = {"Authorization": made.owner_token, "Content-Type": "application/json"}
    body = json.dumps({"permissions": str(permissions)})
    link.request("PATCH", f"/api/v10/guilds/{made.guild}/roles/{role}", body, headers)
    answer = link.getresponse()
    text = answer.read()
    link.close()
    if answer.status != 200:
        raise Failed(f"the role change was refused: {answer.status} {text[:200]!r}")


def settled(load: Load, server: Server) -> None:
    """Wait until the server has nothing left to do."""
    for _ in range(120):
        before = server.cpu_ns()
        load.ask("idle", seconds=0.5)
        if server.cpu_ns() - before < 100_000_000:
            return
    raise Failed("the server does not come to rest")


def pauses_of_changes(scale: Scale, made: seed.World, private: bool) -> list[float]:
    """How long the loop is held up by each of a few changes of one role, everybody online."""
    # What the holders of the role see by turns: their own channel or all; all channels or none.
    role, times = made.guild, len(made.channels)
    changes = [("DELETE", seed.EVERYONE & ~seed.P.VIEW_CHANNEL), ("CREATE", seed.EVERYONE)]
    if private:
        role, times = made.roles[0], len(made.channels) - 1
        changes = [("CREATE", seed.P.ADMINISTRATOR), ("DELETE", 0)]
    pause: list[float] = []
    with loaded(peers.watched, made.data) as (server, load):
        load.open(len(made.users), made.tokens)
        witness = Session(server)
        witness.identify(made.tokens.read_text().split()[0])
        settled(load, server)

        def change(event: str, permissions: int) -> None:
            patch_role(server, made, role, permissions)
            settled(load, server)
            witness.until(f"CHANNEL_{event}", times)

        for i in range(scale.rounds):
            pause += [held_up(server, partial(change, *each)) for each in changes]
            say(f"  round {i + 1}: {max(pause[-2:]):.1f} ms")
        witness.close()
        live = load.ask("idle", seconds=1)
        if live["gone"] or live["told_off"]:
            raise Failed(f"sessions were lost: {json.dumps(live)}")
    return pause


@row("roles.some", "roles.all")
def roles(scale: Scale) -> list[Figure]:
    """A role gives and takes the right to view: one that few members have, then everybody's."""
    members, channels = scale.of(3000, 300), scale.of(200, 20)
    figures: list[Figure] = []
    for key, private in (("some", True), ("all", False)):
        pause = pauses_of_changes(scale, world(members, channels, private), private)
        holders = members // channels if private else members
        what = (
            f"a role of {holders} members changed, {channels} channels, {members} online: "
            "the loop held up, worst of all, ms"
        )
        worst = max(pause)
        detail: dict[str, Any] = {"pause": pause}
        figures.append(Figure(f"roles.{key}", what, f"{worst:.1f}", "≤ 20", worst <= 20, detail))
    return figures
