"""Rooms: who is handed whose packets, before any transport."""

from hearth.core.voice_ports import MICROPHONE, May
from hearth.sfu.room import Peer, Sfu
from tests.sfu.told import ALL, Told


class Kept:
    """A transport that keeps what it is handed."""

    def __init__(self) -> None:
        self.packets: list[tuple[int, int, bytes]] = []
        self.forgotten: list[int] = []
        self.closed = False

    def send_audio(
        self, source: Peer, sequence: int, timestamp: int, marker: bool, payload: bytes
    ) -> None:
        self.packets.append((source.user_id, sequence, payload))

    def forget(self, source: Peer) -> None:
        self.forgotten.append(source.user_id)

    def tick(self, now: float) -> None:
        pass

    def close(self) -> None:
        self.closed = True


def joined(sfu: Sfu, room_id: int, user_id: int, may: May = ALL) -> tuple[Peer, Kept]:
    peer, kept = sfu.join(room_id, user_id, may), Kept()
    peer.transport = kept
    return peer, kept


async def test_a_packet_goes_to_all_others_of_its_room():
    sfu = Sfu(Told())
    one, of_one = joined(sfu, 1, 11)
    _, of_two = joined(sfu, 1, 12)
    _, of_deaf = joined(sfu, 1, 13, ALL._replace(audio_out=False))
    _, of_other = joined(sfu, 2, 14)
    one.heard(7, 960, False, b"opus")
    assert of_two.packets == [(11, 7, b"opus")]
    assert of_one.packets == of_deaf.packets == of_other.packets == []
    sfu.close()


async def test_who_may_not_speak_is_not_heard_from_the_next_packet_on():
    sfu = Sfu(Told())
    one, _ = joined(sfu, 1, 11)
    _, of_two = joined(sfu, 1, 12)
    one.heard(1, 0, False, b"a")
    one.allow(ALL._replace(audio_in=False))
    one.heard(2, 960, False, b"b")
    one.allow(ALL)
    one.heard(3, 1920, False, b"c")
    assert [packet[2] for packet in of_two.packets] == [b"a", b"c"]
    sfu.close()


async def test_who_left_is_forgotten_and_so_is_an_empty_room():
    sfu = Sfu(Told())
    one, of_one = joined(sfu, 1, 11)
    two, of_two = joined(sfu, 1, 12)
    one.close()
    one.close()
    one.heard(1, 0, False, b"a")
    assert of_one.closed
    assert of_two.forgotten == [11]
    assert of_two.packets == []
    assert list(sfu.peers(1)) == [two]
    two.close()
    assert list(sfu.peers(1)) == []
    assert sfu.rooms == {}


async def test_who_begins_to_speak_is_seen_to_by_the_same_packet():
    told = Told()
    sfu = Sfu(told)
    one = sfu.join(1, 11, ALL)
    for number in (1, 2):
        one.heard(number, number * 960, False, b"loud")
    assert told.spoken == [(11, MICROPHONE)]
    # A bot says so itself.
    bot, _ = joined(sfu, 1, 12)
    bot.heard(1, 960, False, b"loud")
    assert told.spoken == [(11, MICROPHONE)]
    sfu.close()
