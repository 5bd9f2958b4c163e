"""What strangers, and people who behave badly, send: replays, floods, things half begun."""

import asyncio
import socket

from hearth.sfu.dtls import HANDSHAKE_S
from hearth.sfu.tcp import PROVE_S
from tests.sfu.call import Call, virtual
from tests.sfu.peer import TestPeer
from tests.sfu.told import ALL


@virtual
async def test_a_packet_is_forwarded_once_however_often_it_comes(call: Call):
    peer, speaker, _ = await call.come(11, audio_slots=0)
    _, listener, _ = await call.come(12, microphone=False)
    speaker.sent = []
    for number in range(1500):
        speaker.say(b"%d" % number)
    sent, speaker.sent = speaker.sent, None
    assert peer.browser is not None
    for packet in sent:
        speaker.send_raw(packet)
        await asyncio.sleep(0.02)
    (stream,) = listener.received.values()
    heard = stream.packets
    # The first few came before there was a slot for them.
    assert heard >= len(sent) - 10
    # At once and from long ago, in any order, from its own address and from another's.
    stranger = call.browser()
    stranger.remote = speaker.remote
    for packet in (*sent[::-1], *sent):
        speaker.send_raw(packet)
        stranger.send_raw(packet)
        await asyncio.sleep(0)
    speaker.say(b"fresh")
    await call.until(lambda: b"fresh" in stream.payloads, 2)
    assert stream.packets == heard + 1
    assert len(set(stream.sequences)) == stream.packets
    assert stranger.packets == 0


@virtual
async def test_who_only_begins_is_let_go_and_answered_little(call: Call):
    half: list[TestPeer] = []
    for number in range(20):
        peer, browser = call.sfu.join(1, 100 + number, ALL), call.browser(keep=False)
        browser.half = True
        browser.answered(await peer.offer(browser.offer()))
        half.append(browser)
    await call.until(lambda: all(each.handshake_octets for each in half), 5)
    await call.until(lambda: len(call.told.gone) == len(half), HANDSHAKE_S + 1)
    assert {why for _, why in call.told.gone} == {"handshake took too long"}
    # A proven address is sent a certificate, and that a few times.
    assert max(each.handshake_octets for each in half) < 6000
    for peer in list(call.sfu.rooms[1].peers):
        peer.close()
    web = call.sfu.web
    assert web is not None
    assert not web.ice.by_ufrag
    assert not web.ice.by_address


@virtual
async def test_a_stranger_gets_no_answer_and_takes_nobodys_place(call: Call):
    """Whatever it begins with."""
    peer, speaker, _ = await call.come(11, audio_slots=0)
    _, listener, _ = await call.come(12, microphone=False)
    web = call.sfu.web
    assert web is not None
    known = dict(web.ice.by_address)
    loop = asyncio.get_running_loop()
    answers: list[bytes] = []
    speaker.sent = []
    speaker.check()
    (check, *_), speaker.sent = speaker.sent, None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        # Another host than that of the people, or they would share its allowance.
        stranger.bind(("127.0.0.9", 0))
        stranger.setblocking(False)
        loop.add_reader(stranger.fileno(), lambda: answers.append(stranger.recv(2048)))
        try:
            for number in range(400):
                forged = bytearray(check)
                # Behind what is signed lies only a sum that is nobody's proof.
                forged[20 + number % (len(check) - 28)] ^= 1
                for begins in (
                    bytes(forged),
                    b"\x16\xfe\xfd" + bytes(300),
                    b"\x80\x6f" + bytes(100),
                    bytes(1 + number),
                ):
                    stranger.sendto(begins, ("127.0.0.1", call.sfu.port))
                await asyncio.sleep(0)
            await asyncio.sleep(1)
            assert answers == []
            assert web.ice.by_address == known
        finally:
            loop.remove_reader(stranger.fileno())
    assert peer.browser is not None
    assert peer.browser.failed == ""

    def heard() -> bool:
        speaker.say(b"still here")
        return bool(listener.received)

    await call.until(heard, 2)


@virtual
async def test_a_connection_that_says_nothing_is_cut(call: Call):
    await call.sfu.load()
    loop = asyncio.get_running_loop()

    def made() -> asyncio.Protocol:
        stream = call.sfu.stream(lambda: None)
        assert stream is not None
        return stream

    server = await loop.create_server(made, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    began = loop.time()
    quiet = [await asyncio.open_connection("127.0.0.1", port) for _ in range(30)]
    loud = await asyncio.open_connection("127.0.0.1", port)
    loud[1].write(b"\x00\x04abcd\xff\xff" + bytes(100))
    # A frame that no datagram would fit in ends it at once, and silence a while later.
    assert await _ended(loud[0])
    assert loop.time() - began < PROVE_S
    for reader, _ in quiet:
        assert await _ended(reader)
    assert loop.time() - began < 2 * PROVE_S
    for _, writer in (loud, *quiet):
        writer.close()
    server.close()
    web = call.sfu.web
    assert web is not None
    assert not web.streams


async def _ended(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.read(1) == b""
    except ConnectionError:
        return True
