"""A browser without codecs: it offers, checks, shakes hands, seals what it is given to send, and
opens and counts what it gets. Tests use it, and perf/ makes its load with it."""

import asyncio
import contextlib
import os
import re
import secrets
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

from aioice import stun
from OpenSSL import SSL

from hearth.sfu import rtcp, rtp
from hearth.sfu.borrowed import (
    PROFILES,
    Identity,
    Srtp,
    ffi,
    srtp_protect,
    srtp_protect_rtcp,
    srtp_unprotect,
    srtp_unprotect_rtcp,
)

OPUS, VP8, RTX = 111, 96, 97
IDS = {
    rtp.AUDIO_LEVEL: 1,
    rtp.ABS_SEND_TIME: 2,
    rtp.TRANSPORT_CC: 3,
    rtp.MID: 4,
    rtp.RID: 10,
    rtp.REPAIRED_RID: 11,
}
READS = 256

DEPARTURE = struct.Struct(">d")
"""How a payload ends that says when it left, by time.perf_counter."""


class Stream:
    """What came with one SSRC."""

    def __init__(self) -> None:
        self.packets = 0
        self.sequences: list[int] = []
        self.timestamps: list[int] = []
        self.payloads: list[bytes] = []
        self.mids: set[str] = set()
        self.payload_types: set[int] = set()
        self.levels: set[int] = set()


class _Frames(asyncio.Protocol):
    """The client's side of RFC 4571."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        self._rest += data
        while len(self._rest) >= 2:
            end = 2 + int.from_bytes(self._rest[:2], "big")
            if end > len(self._rest):
                break
            frame, self._rest = self._rest[2:end], self._rest[end:]
            self._take(frame)


class TestPeer:
    """One browser. `keep` keeps every packet; without it they are only opened and counted."""

    __test__ = False

    def __init__(
        self,
        *,
        microphone: bool = True,
        camera: tuple[str, ...] | None = None,
        audio_slots: int = 2,
        video_slots: int = 0,
        keep: bool = True,
        host: str = "127.0.0.1",
    ) -> None:
        self.microphone = microphone
        self.camera = camera
        self.audio_slots = audio_slots
        self.video_slots = video_slots
        self.keep = keep
        self.host = host
        self.identity = Identity()
        self.ufrag = secrets.token_hex(4)
        self.password = secrets.token_hex(16)
        self.ssrc = secrets.randbits(31)
        self.layer_ssrcs = {rid: secrets.randbits(31) for rid in camera or ()}
        self.repair_ssrcs = {rid: secrets.randbits(31) for rid in camera or ()}
        self.received: dict[int, Stream] = {}
        self.packets = 0
        self.facts: list[rtcp.Fact] = []
        self.feedback: list[bytes] = []
        self.bad = 0
        self.connected = asyncio.Event()
        self.answer = ""
        self.remote: tuple[str, int] = ("", 0)
        self.mids: dict[str, list[str]] = {"audio": [], "video": []}
        self.slot_ssrcs: dict[str, tuple[int, ...]] = {}
        self.delays: list[float] | None = None
        """Seconds that every sixteenth packet took, when its payload says when it left."""
        self.setup = "actpass"
        self.controlling = True
        self.on_packet: Callable[[rtp.Packet, bytes], None] | None = None
        self.silent = False
        """It makes no more checks."""
        self.half = False
        """It begins a handshake and does not go on with it."""
        self.handshake_octets = 0
        """Bytes of handshake that came."""
        self.numbers: dict[int, int] = {}
        self._loop = asyncio.get_running_loop()
        self._open()
        self._inbox: Any = ffi.new("char[2048]")
        self._view = memoryview(ffi.buffer(self._inbox)).cast("B")
        self._length: Any = ffi.new("int *")
        self._connection: SSL.Connection | None = None
        self._rx: Srtp | None = None
        self._tx: Srtp | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self.remote_ufrag = self.remote_password = ""
        self.checked = asyncio.Event()
        self._transport = 0
        self.stream: asyncio.Transport | None = None
        """The connection to the server, when it goes by TCP."""
        self.sent: list[bytes] | None = None
        """What would have been sent, while this is not None."""

    def _open(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            self._socket.setsockopt(socket.SOL_SOCKET, option, 1 << 21)
        self._socket.setblocking(False)
        self._socket.bind((self.host, 0))
        self._loop.add_reader(self._socket.fileno(), self._read)

    # --- signalling -------------------------------------------------------------------------

    def offer(self) -> str:
        """The offer: what it sends, then its slots."""
        lines = [
            "v=0",
            "o=- 1 1 IN IP4 127.0.0.1",
            "s=-",
            "t=0 0",
            f"a=ice-ufrag:{self.ufrag}",
            f"a=ice-pwd:{self.password}",
            f"a=fingerprint:sha-256 {self.identity.fingerprint}",
            f"a=setup:{self.setup}",
        ]
        mid = 0
        self.mids = {"audio": [], "video": []}
        self.sent_mids: dict[str, str] = {}
        if self.microphone:
            lines += self._section("audio", str(mid), "sendonly")
            self.sent_mids["audio"] = str(mid)
            mid += 1
        if self.camera is not None:
            lines += self._section("video", str(mid), "sendonly")
            if self.camera != ("",):
                lines += [f"a=rid:{rid} send" for rid in self.camera]
                lines.append(f"a=simulcast:send {';'.join(self.camera)}")
            else:
                media, repair = self.layer_ssrcs[""], self.repair_ssrcs[""]
                lines += [f"a=ssrc-group:FID {media} {repair}"]
                lines += [f"a=ssrc:{media} cname:x", f"a=ssrc:{repair} cname:x"]
            self.sent_mids["video"] = str(mid)
            mid += 1
        for kind, count in (("audio", self.audio_slots), ("video", self.video_slots)):
            for _ in range(count):
                lines += self._section(kind, str(mid), "recvonly")
                self.mids[kind].append(str(mid))
                mid += 1
        return "\r\n".join([*lines, ""])

    def _candidate(self) -> str:
        host, port = self.address
        return f"a=candidate:1 1 udp 2130706431 {host} {port} typ host"

    def _section(self, kind: str, mid: str, direction: str) -> list[str]:
        formats = str(OPUS) if kind == "audio" else f"{VP8} {RTX}"
        lines = [
            f"m={kind} 9 UDP/TLS/RTP/SAVPF {formats}",
            "c=IN IP4 0.0.0.0",
            self._candidate(),
            f"a=mid:{mid}",
            "a=rtcp-mux",
            f"a={direction}",
        ]
        uris = [rtp.MID, rtp.AUDIO_LEVEL]
        if kind == "video":
            uris = [rtp.MID, rtp.ABS_SEND_TIME, rtp.TRANSPORT_CC, rtp.RID, rtp.REPAIRED_RID]
        lines += [f"a=extmap:{IDS[uri]} {uri}" for uri in uris]
        if kind == "audio":
            return [*lines, f"a=rtpmap:{OPUS} opus/48000/2"]
        return [
            *lines,
            f"a=rtpmap:{VP8} VP8/90000",
            f"a=rtpmap:{RTX} rtx/90000",
            f"a=fmtp:{RTX} apt={VP8}",
        ]

    def answer_to(self, offer: str) -> str:
        """The answer to somebody's offer of things to receive, which is also begun with."""
        lines = self.offer().split("\r\n")[:8]
        parts = offer.split("\r\nm=")[1:]
        mids: list[str] = []
        for part in parts:
            mid = re.search(r"a=mid:(\S+)", part)
            assert mid is not None
            mids.append(mid[1])
            kind = part.split()[0]
            name = "opus/48000/2" if kind == "audio" else "VP8/90000"
            codec = re.search(rf"a=rtpmap:(\d+) {name}", part)
            assert codec is not None
            lines += [
                f"m={kind} 9 UDP/TLS/RTP/SAVPF {codec[1]}",
                "c=IN IP4 0.0.0.0",
                self._candidate(),
                f"a=mid:{mid[1]}",
                "a=rtcp-mux",
                "a=recvonly",
                f"a=rtpmap:{codec[1]} {name}",
            ]
        lines.insert(4, f"a=group:BUNDLE {' '.join(mids)}")
        self.controlling = False
        self.answered(offer)
        return "\r\n".join([*lines, ""])

    def answered(self, answer: str) -> None:
        """Take the answer and begin."""
        self.answer = answer

        def first(pattern: str) -> str:
            found = re.search(pattern, answer)
            assert found is not None, pattern
            return found[1]

        self.remote_ufrag = first(r"a=ice-ufrag:(\S+)")
        self.remote_password = first(r"a=ice-pwd:(\S+)")
        host, port = first(r"a=candidate:\d+ 1 udp \d+ (\S+ \d+)").split()
        self.remote = (host, int(port))
        for part in answer.split("\r\nm=")[1:]:
            mid = re.search(r"a=mid:(\S+)", part)
            assert mid is not None
            ssrcs = dict.fromkeys(int(each) for each in re.findall(r"a=ssrc:(\d+)", part))
            self.slot_ssrcs[mid[1]] = tuple(ssrcs)
        self.check()

    @property
    def address(self) -> tuple[str, int]:
        """Where it is."""
        return self._socket.getsockname()

    def move(self) -> None:
        """Go on from another address, as after a change of network."""
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()
        self._open()
        self.check()

    def deafen(self) -> None:
        """Read nothing more: what comes is dropped by the kernel."""
        self._loop.remove_reader(self._socket.fileno())
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)

    def check(self) -> None:
        """Make a connectivity check, and go on making them."""
        if self.silent:
            return
        message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        message.attributes["USERNAME"] = f"{self.remote_ufrag}:{self.ufrag}"
        message.attributes["PRIORITY"] = 1
        if self.controlling:
            message.attributes["ICE-CONTROLLING"] = 1
            message.attributes["USE-CANDIDATE"] = None
        else:
            message.attributes["ICE-CONTROLLED"] = 1
        message.add_message_integrity(self.remote_password.encode())
        self.send_raw(bytes(message))
        again = 0.2 if not self.checked.is_set() else 2.0
        self._later(again, self.check)

    def _later(self, seconds: float, call: Callable[[], None]) -> None:
        self._timers = [each for each in self._timers if each.when() > self._loop.time()]
        self._timers.append(self._loop.call_later(seconds, call))

    def _shake(self) -> None:
        if self._connection is None:
            self._connection = SSL.Connection(self.identity.context, None)
            self._connection.set_connect_state()
        if self._rx is not None:
            return
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            self._flush()
            left = self._connection.DTLSv1_get_timeout()
            if left is not None:
                self._later(left + 0.01, self._again)
            return
        self._flush()
        name = self._connection.get_selected_srtp_profile()
        profile = next(each for each in PROFILES if each.name == name)
        key, salt = profile.key_bytes, profile.salt_bytes
        made = self._connection.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * (key + salt))
        keys, salts = made[: 2 * key], made[2 * key :]
        self._tx = Srtp(profile, keys[:key] + salts[:salt], inbound=False)
        self._rx = Srtp(profile, keys[key:] + salts[salt:], inbound=True)
        self.connected.set()

    def _again(self) -> None:
        if self._rx is None and self._connection is not None:
            self._connection.DTLSv1_handle_timeout()
            self._shake()

    def _flush(self) -> None:
        assert self._connection is not None
        with contextlib.suppress(SSL.WantReadError):
            while True:
                written = self._connection.bio_read(65536)
                at = 0
                while at < len(written):
                    end = at + 13 + int.from_bytes(written[at + 11 : at + 13], "big")
                    self.send_raw(written[at:end])
                    at = end

    # --- packets ----------------------------------------------------------------------------

    def send_raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        if self.sent is not None:
            self.sent.append(data)
            return
        if self.stream is not None:
            self.stream.write(len(data).to_bytes(2, "big") + data)
            return
        with contextlib.suppress(OSError):
            self._socket.sendto(data, self.remote)

    def seal(self, packet: bytes, protect: Callable[[Any, Any, Any], int] = srtp_protect) -> bytes:
        """A packet as it goes over the wire."""
        assert self._tx is not None
        room: Any = ffi.new("char[]", len(packet) + 64)
        ffi.buffer(room)[0 : len(packet)] = packet
        length: Any = ffi.new("int *", len(packet))
        assert protect(self._tx.context, room, length) == 0
        return bytes(ffi.buffer(room)[0 : length[0]])

    def packet(
        self,
        payload_type: int,
        ssrc: int,
        sequence: int,
        timestamp: int,
        payload: bytes,
        *,
        marker: bool = False,
        extensions: dict[str, bytes] | None = None,
    ) -> bytes:
        """An RTP packet in the clear."""
        block = b"".join(
            bytes([IDS[uri] << 4 | len(value) - 1]) + value
            for uri, value in (extensions or {}).items()
        )
        block += bytes(-len(block) % 4)
        start = rtp.HEADER.pack(
            0x90, marker << 7 | payload_type, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc
        )
        return start + struct.pack(">HH", 0xBEDE, len(block) // 4) + block + payload

    def next(self, ssrc: int) -> int:
        """The next sequence number of an SSRC."""
        number = self.numbers.get(ssrc, int.from_bytes(os.urandom(2), "big"))
        self.numbers[ssrc] = number + 1 & 0xFFFF
        return number

    def say(self, payload: bytes, level: int = 30) -> None:
        """Send one audio packet of 20 ms."""
        sequence = self.next(self.ssrc)
        packet = self.packet(
            OPUS,
            self.ssrc,
            sequence,
            sequence * 960,
            payload,
            extensions={
                rtp.AUDIO_LEVEL: bytes([level]),
                rtp.MID: self.sent_mids["audio"].encode(),
            },
        )
        self.send_raw(self.seal(packet))

    def show(
        self, rid: str, payload: bytes, timestamp: int, *, marker: bool, send: bool = True
    ) -> int:
        """Send one video packet of a layer, or only count it; its sequence number."""
        ssrc = self.layer_ssrcs[rid]
        sequence = self.next(ssrc)
        if send:
            self.show_again(rid, sequence, payload, timestamp, marker=marker)
        return sequence

    def show_again(
        self, rid: str, sequence: int, payload: bytes, timestamp: int, *, marker: bool
    ) -> None:
        """Send one video packet with a number that was counted before."""
        packet = self.packet(
            VP8,
            self.layer_ssrcs[rid],
            sequence,
            timestamp,
            payload,
            marker=marker,
            extensions=self._video_extensions(rtp.RID, rid),
        )
        self.send_raw(self.seal(packet))

    def repair(
        self, rid: str, sequence: int, payload: bytes, timestamp: int, *, marker: bool = False
    ) -> None:
        """Send a packet again as a repair."""
        ssrc = self.repair_ssrcs[rid]
        packet = self.packet(
            RTX,
            ssrc,
            self.next(ssrc),
            timestamp,
            sequence.to_bytes(2, "big") + payload,
            marker=marker,
            extensions=self._video_extensions(rtp.REPAIRED_RID, rid),
        )
        self.send_raw(self.seal(packet))

    def _video_extensions(self, uri: str, rid: str) -> dict[str, bytes]:
        self._transport = self._transport + 1 & 0xFFFF
        found = {
            rtp.MID: self.sent_mids["video"].encode(),
            rtp.TRANSPORT_CC: self._transport.to_bytes(2, "big"),
        }
        if rid:
            found[uri] = rid.encode()
        return found

    def send_rtcp(self, packet: bytes) -> None:
        """Send RTCP."""
        self.send_raw(self.seal(packet, srtp_protect_rtcp))

    def _read(self) -> None:
        for _ in range(READS):
            try:
                length, address = self._socket.recvfrom_into(self._view)
            except BlockingIOError:
                return
            except OSError:
                continue
            if address == self.remote:
                self._take(length)

    def _take(self, length: int) -> None:
        first = self._view[0]
        if 128 <= first < 192:
            if self._rx is not None:
                self._media(length)
        elif first < 4:
            message = stun.parse_message(bytes(self._view[:length]))
            if message.message_class == stun.Class.REQUEST:
                self._answer_check(message)
            elif message.message_class == stun.Class.RESPONSE and message.check_message_integrity(
                self.remote_password.encode()
            ):
                self.checked.set()
                if self._connection is None:
                    self._shake()
        elif 20 <= first < 64 and self._connection is not None:
            self.handshake_octets += length
            if self.half:
                return
            self._connection.bio_write(bytes(self._view[:length]))
            self._shake()

    def _answer_check(self, message: stun.Message) -> None:
        """A server that is no ICE-lite checks too."""
        response = stun.Message(
            stun.Method.BINDING,
            stun.Class.RESPONSE,
            transaction_id=message.transaction_id,
            attributes={"XOR-MAPPED-ADDRESS": self.remote},
        )
        response.add_message_integrity(self.password.encode())
        self.send_raw(bytes(response))

    def _media(self, length: int) -> None:
        assert self._rx is not None
        self._length[0] = length
        if 192 <= self._view[1] < 224:
            if srtp_unprotect_rtcp(self._rx.context, self._inbox, self._length):
                self.bad += 1
                return
            data = bytes(self._view[: self._length[0]])
            self.facts += rtcp.read(data)
            if data[1] == rtcp.RTPFB and data[0] & 31 == 15:
                self.feedback.append(data)
            return
        if srtp_unprotect(self._rx.context, self._inbox, self._length):
            self.bad += 1
            return
        self.packets += 1
        ssrc = int.from_bytes(self._view[8:12], "big")
        stream = self.received.get(ssrc)
        if stream is None:
            stream = self.received[ssrc] = Stream()
        stream.packets += 1
        if self.delays is not None and not stream.packets & 15:
            packet = rtp.parse(self._view, self._length[0])
            assert packet is not None
            left = DEPARTURE.unpack_from(self._view, packet.end - DEPARTURE.size)[0]
            self.delays.append(time.perf_counter() - left)
        if not self.keep:
            return
        packet = rtp.parse(self._view, self._length[0])
        assert packet is not None
        payload = bytes(self._view[packet.start : packet.end])
        stream.sequences.append(packet.sequence)
        stream.timestamps.append(packet.timestamp)
        stream.payloads.append(payload)
        stream.payload_types.add(packet.payload_type)
        mid = rtp.extension(self._view, packet, IDS[rtp.MID])
        if mid is not None:
            stream.mids.add(mid.decode())
        level = rtp.extension(self._view, packet, IDS[rtp.AUDIO_LEVEL])
        if level is not None:
            stream.levels.add(level[0])
        if self.on_packet is not None:
            self.on_packet(packet, payload)

    async def by_tcp(self, host: str, port: int) -> None:
        """Go by TCP; before `answered`."""
        self.stream, _ = await self._loop.create_connection(lambda: _Frames(self.take), host, port)

    def take(self, data: bytes) -> None:
        """A datagram that came by TCP."""
        self._view[: len(data)] = data
        self._take(len(data))

    def close(self) -> None:
        """End it without a word."""
        if self.stream is not None:
            self.stream.abort()
        for timer in self._timers:
            timer.cancel()
        self.silent = True
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()
