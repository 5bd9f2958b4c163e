"""The hub's pump: who waits longest is written to first, and the loop is not held up."""

import asyncio

from hearth.net.gateway.codec import Payload
from hearth.net.gateway.connection import Gateway
from hearth.net.gateway.hub import SLICE
from hearth.net.gateway.session import Session
from tests.actions.house import House


async def test_what_comes_meanwhile_joins_those_that_still_wait() -> None:
    house = await House.build(1)
    hub = Gateway(house.owner, scale=1.0)
    writes: list[tuple[int, int]] = []
    sessions: list[Session] = []
    for number in range(3 * SLICE):
        session = Session(str(number), number, b"", intents=1, bot=True)

        def write(data: bytes, number: int = number) -> None:
            writes.append((number, data.count(b'{"s":')))

        session.write = write
        sessions.append(session)

    def tell_all(name: str) -> None:
        for session in sessions:
            hub.tell(session, Payload(name, b"{}"))

    tell_all("FIRST")
    # What the loop was asked for next comes between two slices.
    asyncio.get_running_loop().call_soon(tell_all, "SECOND")
    for _ in range(20):
        await asyncio.sleep(0)
    early, late = range(SLICE), range(SLICE, 3 * SLICE)
    assert writes == [
        *((number, 1) for number in early),
        *((number, 2) for number in late),
        *((number, 1) for number in early),
    ]
    await house.close()
