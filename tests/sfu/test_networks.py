"""Calls on bad networks, on a clock of their own: what is seen and heard, second by second."""

import asyncio

from hearth.sfu import rtcp
from tests.sfu.call import Call, virtual
from tests.sfu.film import RATES
from tests.sfu.peer import TestPeer

SETTLED_S = 12.0
"""Longer than one probe up and a hold take."""


@virtual
async def test_a_limit_costs_layers_and_no_freeze_and_they_come_back(call: Call):
    await call.films(11)
    peer, watch, relay = await call.watches(12)
    await call.until(lambda: watch.layer == "f", 5)
    relay.down.rate = 700e3
    await call.until(lambda: watch.layer in ("h", "q"), 4)
    limited_at = call.sfu.now()
    await asyncio.sleep(2 * SETTLED_S)
    # More was tried meanwhile, and nobody saw it.
    assert watch.probes > 0
    assert watch.layer in ("h", "q")
    assert watch.longest_gap(limited_at + 1) < 1.5
    relay.down.rate = 0.0
    await call.until(lambda: watch.layer == "f", 30)
    assert peer.bandwidth.estimate > sum(RATES.values()) / 2


@virtual
async def test_video_is_back_within_two_seconds_of_a_burst(call: Call):
    await call.films(11)
    _, watch, relay = await call.watches(12)
    await call.until(lambda: watch.layer == "f", 5)
    for missing_s in (0.2, 0.9, 1.6):
        relay.down.loss = 1.0
        await asyncio.sleep(missing_s)
        relay.down.loss = 0.0
        over_at = call.sfu.now()
        await call.until(lambda over_at=over_at: watch.shown[-1].at > over_at, 2)
        await asyncio.sleep(SETTLED_S)
        assert watch.longest_gap(over_at + 2) < 0.5
    # The server knows what it has not got any more, before the browser gives up waiting.
    assert watch.asked_keyframes == 0


@virtual
async def test_one_in_ten_lost_on_both_ways_is_hardly_seen(call: Call):
    up = await call.films(11, {"": 400e3})
    _, watch, relay = await call.watches(12)
    await call.until(lambda: watch.shown, 5)
    for each in (up, relay):
        each.up.loss = each.down.loss = 0.1
        each.up.delay_s = each.down.delay_s = 0.02
        each.up.jitter_s = each.down.jitter_s = 0.03
    began, before = call.sfu.now(), len(watch.shown)
    await asyncio.sleep(20)
    frames = len(watch.shown) - before
    assert frames > 0.95 * 30 * 20
    assert watch.longest_gap(began) < 1.0


@virtual
async def test_one_in_twenty_lost_at_random_costs_no_layer(call: Call):
    """Nor does it keep the best from coming back once there is room for it."""
    await call.films(11)
    _, watch, relay = await call.watches(12)
    await call.until(lambda: watch.layer == "f", 5)
    relay.up.loss = relay.down.loss = 0.05
    lost_at = call.sfu.now()
    for _ in range(60):
        await asyncio.sleep(1)
        assert watch.layer == "f"
    assert watch.longest_gap(lost_at) < 1.0
    relay.down.rate = 700e3
    await call.until(lambda: watch.layer in ("h", "q"), 6)
    await asyncio.sleep(SETTLED_S)
    relay.down.rate = 0.0
    await call.until(lambda: watch.layer == "f", 40)


@virtual
async def test_the_speaker_knows_what_listeners_lose(call: Call):
    """So that Opus repairs it; its own way is not blamed."""
    _, speaker, _ = await call.come(11, audio_slots=0)
    _, listener, relay = await call.come(12, microphone=False)
    loop = asyncio.get_running_loop()

    async def talk(seconds: float) -> None:
        until = loop.time() + seconds
        while loop.time() < until:
            speaker.say(b"opus")
            await asyncio.sleep(0.02)

    await talk(2)
    (ssrc,) = listener.received
    told = [fact for fact in speaker.facts if isinstance(fact, rtcp.Report)]
    assert told
    assert {fact.fraction for fact in told} == {0.0}
    relay.down.loss = 0.2
    listener.send_rtcp(
        rtcp.receiver_report(1, [rtcp.Received(ssrc, int(0.2 * 256), 40, 9000, 0, 0, 0)])
    )
    speaker.facts.clear()
    before = listener.received[ssrc].packets
    await talk(3)
    # What did not come is a gap in its numbers, which Opus fills from the packet behind.
    stream = listener.received[ssrc]
    numbers = stream.sequences[before:]
    assert len(numbers) < (numbers[-1] - numbers[0]) % 65536
    told = [fact for fact in speaker.facts if isinstance(fact, rtcp.Report)]
    assert abs(max(fact.fraction for fact in told) - 0.2) < 0.01
    await talk(14)
    told = [fact for fact in speaker.facts if isinstance(fact, rtcp.Report)]
    assert told[-1].fraction == 0.0


@virtual
async def test_another_address_costs_no_more_than_a_check(call: Call):
    await call.films(11, {"": 400e3})
    _, watch, relay = await call.watches(12)
    await call.until(lambda: watch.shown, 5)
    for _ in range(3):
        relay.rebind()
        moved_at = call.sfu.now()
        # Checks are made every two seconds; nothing but they is answered at a new address.
        await call.until(lambda moved_at=moved_at: watch.shown[-1].at > moved_at + 0.5, 4)
    assert call.told.gone == []


@virtual
async def test_nobody_is_sent_more_than_the_host_allows(call: Call):
    call.sfu.viewer_bits = 900e3
    await call.films(11)
    viewers = [await call.watches(12 + each) for each in range(3)]
    for peer, watch, _ in viewers:
        await call.until(lambda watch=watch: watch.layer == "h", 8)
        assert peer.bandwidth.more == 0.0
    await asyncio.sleep(SETTLED_S)
    assert {watch.layer for _, watch, _ in viewers} == {"h"}
    # All together: what is there is divided among those who look.
    call.sfu.viewer_bits = float("inf")
    call.sfu.upload_bits = 2 * RATES["h"] * 1.3
    await asyncio.sleep(SETTLED_S)
    assert sum(peer.bandwidth.rate for peer, _, _ in viewers) < call.sfu.upload_bits
    call.sfu.upload_bits = float("inf")
    for _, watch, _ in viewers:
        await call.until(lambda watch=watch: watch.layer == "f", 30)


@virtual
async def test_in_a_room_of_a_hundred_all_hear_the_loudest_and_see_whom_they_choose(call: Call):
    loop = asyncio.get_running_loop()
    speakers = [(await call.come(11 + each, audio_slots=0))[1] for each in range(12)]
    await call.films(30, {"": 60e3})
    listeners: list[TestPeer] = []
    for number in range(87):
        peer, browser, relay = await call.come(
            100 + number, microphone=False, audio_slots=8, video_slots=1, keep=False
        )
        if number % 3 == 0:
            relay.down.loss, relay.down.jitter_s = 0.05, 0.03
        if number % 2 == 0:
            peer.want(0, {}, {})
        listeners.append(browser)
    room = call.sfu.rooms[1]
    assert len(room.peers) == 100

    async def talk(seconds: float, loud: range) -> None:
        until = loop.time() + seconds
        while loop.time() < until:
            for number, speaker in enumerate(speakers):
                speaker.say(b"opus", level=20 if number in loud else 60)
            await asyncio.sleep(0.02)

    def audible() -> set[int]:
        return {peer.user_id for peer in room.peers if peer.microphone.audible} & set(range(11, 23))

    async def heard(loud: range) -> None:
        await talk(0.6, loud)
        assert audible() == {11 + each for each in loud}
        for each in listeners:
            for stream in each.received.values():
                stream.packets = 0
        await talk(0.2, loud)
        for each in listeners:
            sound = {ssrc for mid in each.mids["audio"] for ssrc in each.slot_ssrcs[mid]}
            counts = [s.packets for ssrc, s in each.received.items() if ssrc in sound]
            assert len([count for count in counts if count >= 5]) == len(loud)
            assert sum(counts) <= len(loud) * 12

    await heard(range(8))
    # Others are louder now; each slot has one name for good.
    await heard(range(4, 12))
    # A packet that is overtaken by those of whom its slot is given to next is too late.
    assert all(each.bad <= (number % 3 == 0) * 4 for number, each in enumerate(listeners))
    for number, each in enumerate(listeners):
        picture = each.slot_ssrcs[each.mids["video"][0]][0]
        assert (picture in each.received) == (number % 2 == 1)
