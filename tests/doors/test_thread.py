"""The thread: a message from one person reaches who may see it, and nobody else."""

from tests.doors.conftest import Den


async def test_a_message_reaches_the_other(den: Den) -> None:
    await den.bob.connect()
    sent = await den.say(den.ann, "hello")
    told = await den.bob.event("MESSAGE_CREATE")
    assert told["id"] == sent["id"]
    assert told["content"] == "hello"
    assert told["member"]["roles"] == []


async def test_a_cut_session_goes_on_without_a_gap(den: Den) -> None:
    gateway = await den.bob.connect()
    await den.say(den.ann, "one")
    await den.bob.event("MESSAGE_CREATE")
    seq, session = gateway.seq, gateway.session_id
    gateway.cut()
    for text in ("two", "three"):
        await den.say(den.ann, text)
    again = await type(gateway).open(den.server)
    await again.send(6, {"token": den.bob.token, "session_id": session, "seq": seq})
    await again.event("RESUMED")
    said = [d["content"] for _, t, d in again.dispatches if t == "MESSAGE_CREATE"]
    assert said == ["two", "three"]
    assert [s for s, _, _ in again.dispatches] == list(
        range(seq + 1, seq + 1 + len(again.dispatches))
    )
    await again.close()
