"""The public address is learnt from a STUN server, and nobody else is believed."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import cast

from aioice import stun

from hearth.sfu.mapped import AGAIN_S
from hearth.sfu.room import Sfu
from tests.sfu.call import Call, virtual
from tests.sfu.told import ALL, Told


class Answers(asyncio.DatagramProtocol):
    """A STUN server behind whose router we are."""

    def __init__(self) -> None:
        self.seen = ("203.0.113.7", 40_000)
        self.asked: list[bytes] = []
        self.lies = False
        self.silent = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        message = stun.parse_message(data)
        number = message.transaction_id
        self.asked.append(number)
        if self.silent:
            return
        self.transport.sendto(self.answer(bytes(12), "198.51.100.66"), addr)
        if not self.lies:
            self.transport.sendto(self.answer(number, self.seen[0]), addr)

    def answer(self, number: bytes, host: str) -> bytes:
        made = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, number)
        made.attributes["XOR-MAPPED-ADDRESS"] = (host, self.seen[1])
        return bytes(made)


@contextlib.asynccontextmanager
async def asked(answers: Answers) -> AsyncGenerator[Sfu]:
    """A media server that asks there."""
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: answers, local_addr=("127.0.0.1", 0)
    )
    host, port = transport.get_extra_info("sockname")
    sfu = Sfu(Told())
    sfu.stun, sfu.tcp_port = f"{host}:{port}", 8080
    await sfu.open("127.0.0.1", 0)
    await sfu.load()
    try:
        yield sfu
    finally:
        sfu.close()
        transport.close()


def told(sfu: Sfu) -> list[tuple[str, str, int]]:
    """How browsers are told that it is reached."""
    assert sfu.web is not None
    return [(each.protocol, each.host, each.port) for each in sfu.web.candidates]


@virtual
async def test_browsers_are_told_the_public_address(call: Call):
    answers = Answers()
    async with asked(answers) as sfu:
        # Who comes first waits for it; where it listens is told behind.
        assert told(sfu) == [
            ("udp", "203.0.113.7", 40_000),
            ("tcp", "203.0.113.7", 8080),
            ("udp", "203.0.113.7", sfu.port),
            ("udp", "127.0.0.1", sfu.port),
            ("tcp", "127.0.0.1", 8080),
        ]
        browser = call.browser()
        answer = await sfu.join(1, 11, ALL).offer(browser.offer())
        assert "203.0.113.7 40000 typ host" in answer
        # It is asked for again, and may be another.
        answers.seen = ("203.0.113.8", sfu.port)
        await call.until(lambda: told(sfu)[0][1] == "203.0.113.8", AGAIN_S + 2)
        assert [host for _, host, _ in told(sfu)].count("203.0.113.8") == 2
        # While nothing is said, what was said last holds.
        answers.silent = True
        count = len(answers.asked)
        await asyncio.sleep(3 * AGAIN_S)
        assert 6 <= len(answers.asked) - count <= 9
        assert len(set(answers.asked)) == len(answers.asked)
        assert told(sfu)[0][1] == "203.0.113.8"


@virtual
async def test_what_nobody_asked_for_is_not_believed(call: Call):
    answers = Answers()
    answers.lies = True
    began = call.sfu.now()
    async with asked(answers) as sfu:
        # And nobody waits for long.
        assert call.sfu.now() - began < 2
        assert {host for _, host, _ in told(sfu)} == {"127.0.0.1"}
        await asyncio.sleep(2 * AGAIN_S)
        assert {host for _, host, _ in told(sfu)} == {"127.0.0.1"}


@virtual
async def test_nobody_is_asked_where_nobody_is_named(call: Call):
    assert call.sfu.web is not None
    assert call.sfu.web.mapped is None
