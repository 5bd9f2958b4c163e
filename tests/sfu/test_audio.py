"""Audio between browsers without codecs: every packet is sealed, forwarded, opened and counted."""

import asyncio

from hearth.core.voice_ports import MICROPHONE
from tests.sfu.conftest import Rig, until
from tests.sfu.peer import OPUS, TestPeer
from tests.sfu.told import ALL


def heard(browser: TestPeer, payload: bytes) -> list[int]:
    """The SSRCs with which a payload came."""
    return [ssrc for ssrc, stream in browser.received.items() if payload in stream.payloads]


async def spoken(rig: Rig, who: TestPeer, to: TestPeer, payload: bytes) -> int:
    """Say something until it is heard; the SSRC that it came with."""

    def said() -> bool:
        who.say(payload)
        return bool(heard(to, payload))

    await until(said)
    return heard(to, payload)[0]


async def test_two_hear_each_other(rig: Rig):
    one, of_one = await rig.join(1, 11)
    two, of_two = await rig.join(1, 12)
    at_two = await spoken(rig, of_one, of_two, b"from one")
    at_one = await spoken(rig, of_two, of_one, b"from two")
    # Each slot has one name for good, said in the answer, and its packets carry its section.
    mid = next(mid for mid, ssrcs in of_two.slot_ssrcs.items() if at_two in ssrcs)
    assert of_two.received[at_two].mids == {mid}
    assert of_two.received[at_two].payload_types == {OPUS}
    assert of_two.received[at_two].levels == {30}
    assert (12, mid, 11, one.ssrc, "audio") in rig.told.maps
    assert any(entry[0] == 11 and entry[2:4] == (12, two.ssrc) for entry in rig.told.maps)
    assert at_one not in of_two.received
    assert of_one.bad == of_two.bad == 0


async def test_nobody_hears_themselves_nor_another_room(rig: Rig):
    _, of_one = await rig.join(1, 11)
    _, of_two = await rig.join(1, 12)
    _, of_other = await rig.join(2, 13)
    await spoken(rig, of_one, of_two, b"hello")
    assert of_one.packets == of_other.packets == 0


async def test_numbers_go_on_without_gaps(rig: Rig):
    _, of_one = await rig.join(1, 11)
    _, of_two = await rig.join(1, 12)
    ssrc = await spoken(rig, of_one, of_two, b"hello")
    for number in range(100):
        of_one.say(b"%d" % number)
        await asyncio.sleep(0)
    await until(lambda: b"99" in of_two.received[ssrc].payloads)
    stream = of_two.received[ssrc]
    steps = {(b - a) % 65536 for a, b in zip(stream.sequences, stream.sequences[1:], strict=False)}
    assert steps == {1}
    assert {
        (b - a) % (1 << 32) for a, b in zip(stream.timestamps, stream.timestamps[1:], strict=False)
    } == {960}


async def test_flags_hold_from_the_next_packet_on(rig: Rig):
    one, of_one = await rig.join(1, 11)
    two, of_two = await rig.join(1, 12)
    ssrc = await spoken(rig, of_one, of_two, b"a")
    one.allow(ALL._replace(audio_in=False))
    of_one.say(b"muted")
    assert one.browser is not None
    reception = one.browser.sources[of_one.ssrc].reception
    # Once this arrived, so has what was said before.
    before = reception.packets
    of_one.say(b"muted still")
    await until(lambda: reception.packets > before)
    one.allow(ALL)
    await spoken(rig, of_one, of_two, b"b")
    two.allow(ALL._replace(audio_out=False))
    before = reception.packets
    of_one.say(b"to the deaf")
    await until(lambda: reception.packets > before)
    two.allow(ALL)
    await spoken(rig, of_one, of_two, b"c")
    assert not {b"muted", b"muted still", b"to the deaf"} & {*of_two.received[ssrc].payloads}
    assert of_two.bad == 0


async def test_a_slot_changes_hands_and_its_numbers_lead_on(rig: Rig):
    one, of_one = await rig.join(1, 11)
    _, of_two = await rig.join(1, 12, audio_slots=1)
    _, of_three = await rig.join(1, 13)
    of_one.numbers[of_one.ssrc] = 60_000
    of_three.numbers[of_three.ssrc] = 20_000
    ssrc = await spoken(rig, of_one, of_two, b"one")
    of_one.close()
    one.close()
    assert await spoken(rig, of_three, of_two, b"three") == ssrc
    stream = of_two.received[ssrc]
    assert of_two.bad == 0
    steps = [(b - a) % 65536 for a, b in zip(stream.sequences, stream.sequences[1:], strict=False)]
    assert all(0 < step < 32768 for step in steps)
    times = [
        (b - a) % (1 << 32) for a, b in zip(stream.timestamps, stream.timestamps[1:], strict=False)
    ]
    assert all(step < 48_000 * 20 or step > (1 << 32) - 48_000 for step in times)


async def test_who_speaks_is_told_once_and_so_is_their_silence(rig: Rig):
    _, of_one = await rig.join(1, 11)

    def loud() -> bool:
        of_one.say(b"loud", level=20)
        return (11, MICROPHONE) in rig.told.spoken

    await until(loud)

    def silent() -> bool:
        of_one.say(b"hush", level=110)
        return (11, 0) in rig.told.spoken

    await until(silent)
    assert rig.told.spoken == [(11, MICROPHONE), (11, 0)]


async def test_of_many_the_loudest_are_heard(rig: Rig):
    rig.sfu.loudest = 2
    _, listener = await rig.join(1, 10, audio_slots=4, microphone=False)
    speakers = [(await rig.join(1, 11 + each, audio_slots=0))[1] for each in range(4)]
    room = rig.sfu.rooms[1]

    def audible() -> set[int]:
        for number, each in enumerate(speakers):
            each.say(b"%d" % number, level=20 if number >= 2 else 45)
        return {peer.user_id for peer in room.peers if peer.microphone.audible}

    await until(lambda: audible() == {10, 13, 14})
    await until(lambda: audible() and heard(listener, b"2") and heard(listener, b"3"))


async def test_a_fingerprint_that_is_not_the_offers_ends_it(rig: Rig):
    peer, browser = rig.sfu.join(1, 11, ALL), rig.browser()
    offer = browser.offer()
    fingerprint = browser.identity.fingerprint
    wrong = fingerprint.translate(str.maketrans("0123456789ABCDEF", "123456789ABCDEF0"))
    browser.answered(await peer.offer(offer.replace(fingerprint, wrong)))
    await until(lambda: rig.told.gone == [(11, "fingerprint does not match")])
    assert peer.browser is not None
    assert peer.browser.rx is None


async def test_packets_of_an_unproven_address_change_nothing(rig: Rig):
    peer, of_one = await rig.join(1, 11)
    stranger = rig.browser()
    stranger.remote = of_one.remote
    web = rig.sfu.web
    assert web is not None
    known = set(web.ice.by_address)
    assert peer.browser is not None
    sealed = of_one.seal(of_one.packet(OPUS, of_one.ssrc, 1, 1, b"stolen"))
    stranger.send_raw(sealed)
    stranger.send_raw(b"\x16\xfe\xfd" + bytes(60))
    stranger.remote_ufrag, stranger.remote_password = of_one.remote_ufrag, "wrong"
    stranger.check()
    _, of_two = await rig.join(1, 12)
    await spoken(rig, of_one, of_two, b"still here")
    assert set(web.ice.by_address) - known == {of_two.address}
    assert stranger.packets == 0


async def test_who_moves_is_followed_by_a_check_only(rig: Rig):
    peer, of_one = await rig.join(1, 11)
    _, of_two = await rig.join(1, 12)
    await spoken(rig, of_two, of_one, b"before")
    assert peer.browser is not None
    # The same browser with another address: keys and names stay.
    of_one.move()
    await until(lambda: peer.browser and peer.browser.address == of_one.address)
    await spoken(rig, of_two, of_one, b"behind")
    await spoken(rig, of_one, of_two, b"and back")
