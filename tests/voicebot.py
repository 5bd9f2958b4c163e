"""A bot's voice without a library: the voice gateway's socket, and UDP that it encrypts itself."""

import asyncio
import json
from typing import Any, Self

import aiohttp
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt as xchacha_open,
)
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_encrypt as xchacha_seal,
)

from tests.harness import Client

GCM, XCHACHA = "aead_aes256_gcm_rtpsize", "aead_xchacha20_poly1305_rtpsize"
WITHIN_S = 8.0


class Crypt:
    """One key of one mode."""

    def __init__(self, mode: str, key: bytes) -> None:
        self.mode, self.key = mode, key

    def seal(self, header: bytes, said: bytes, nonce: bytes) -> bytes:
        """A datagram."""
        if self.mode == GCM:
            return header + AESGCM(self.key).encrypt(nonce + bytes(8), said, header) + nonce
        return header + xchacha_seal(said, header, nonce + bytes(20), self.key) + nonce

    def open(self, data: bytes) -> bytes:
        """What a datagram of twelve bytes' header says; raises when it is not good."""
        header, sealed, nonce = data[:12], data[12:-4], data[-4:]
        if self.mode == GCM:
            return AESGCM(self.key).decrypt(nonce + bytes(8), sealed, header)
        return xchacha_open(sealed, header, nonce + bytes(20), self.key)


def rtp(ssrc: int, sequence: int, *, first: int = 0x80, more: bytes = b"") -> bytes:
    """A header of Opus."""
    head = bytes((first, 120)) + sequence.to_bytes(2) + (sequence * 960).to_bytes(4)
    return head + ssrc.to_bytes(4) + more


def discovery(ssrc: int) -> bytes:
    """A request for one's own address."""
    return b"\x00\x01\x00\x46" + ssrc.to_bytes(4) + bytes(66)


class Datagrams(asyncio.DatagramProtocol):
    """Keeps what came."""

    def __init__(self) -> None:
        self.came: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.came.put_nowait(data)


class VoiceBot:
    """A client in voice; `frames` are what it heard, as (ssrc, sequence, what)."""

    def __init__(self, client: Client, guild: int) -> None:
        self.client = client
        self.guild = guild
        self.http: aiohttp.ClientSession | None = None
        self.socket: aiohttp.ClientWebSocketResponse | None = None
        self.udp: asyncio.DatagramTransport | None = None
        self.datagrams = Datagrams()
        self.told: list[dict[str, Any]] = []
        self.untold: list[dict[str, Any]] = []
        self.state: dict[str, Any] = {}
        self.server: dict[str, Any] = {}
        self.ready: dict[str, Any] = {}
        self.crypt: Crypt | None = None
        self.sequence = 0
        self.nonce = 0
        self.code: int | None = None

    async def join(self, channel: int | None, **more: Any) -> None:
        """Op 4, and what it is answered with."""
        assert self.client.gateway is not None
        body = {"guild_id": str(self.guild), "channel_id": channel and str(channel), **more}
        await self.client.gateway.send(4, body)
        if channel is not None:
            await self.told_where()

    async def told_where(self) -> None:
        """Wait for a state and a token."""
        self.state = await self.own_state()
        self.server = await self.client.event("VOICE_SERVER_UPDATE")

    async def own_state(self) -> dict[str, Any]:
        """The next voice state of its own."""
        while True:
            told = await self.client.event("VOICE_STATE_UPDATE")
            if told["user_id"] == str(self.client.id):
                return told

    async def dial(self) -> Self:
        """Open the voice gateway."""
        if self.http is None:
            self.http = aiohttp.ClientSession()
        scheme = self.client.server.scheme.replace("http", "ws")
        self.socket = await self.http.ws_connect(f"{scheme}://{self.server['endpoint']}/?v=8")
        assert (await self.next(8))["heartbeat_interval"] > 1000
        return self

    def identity(self) -> dict[str, Any]:
        """What op 0 says."""
        return {
            "server_id": str(self.guild),
            "user_id": str(self.client.id),
            "session_id": self.state["session_id"],
            "token": self.server["token"],
            "max_dave_protocol_version": 1,
        }

    async def connect(self, mode: str = GCM) -> Self:
        """All the way: op 0, discovery, op 1."""
        await self.dial()
        await self.say(0, self.identity())
        self.ready = await self.next(2)
        await self.discover()
        await self.say(
            1, {"protocol": "udp", "data": {"address": "9.9.9.9", "port": 9, "mode": mode}}
        )
        described = await self.next(4)
        assert described["dave_protocol_version"] == 0
        self.crypt = Crypt(described["mode"], bytes(described["secret_key"]))
        return self

    async def discover(self) -> tuple[str, int]:
        """IP discovery; its own address."""
        if self.udp is None:
            loop = asyncio.get_running_loop()
            to = (self.ready["ip"], self.ready["port"])
            made = await loop.create_datagram_endpoint(lambda: self.datagrams, remote_addr=to)
            self.udp = made[0]
        self.udp.sendto(discovery(self.ready["ssrc"]))
        answer = await self.datagram()
        assert (len(answer), answer[:4]) == (74, b"\x00\x02\x00\x46")
        assert int.from_bytes(answer[4:8]) == self.ready["ssrc"]
        return answer[8:72].rstrip(b"\0").decode(), int.from_bytes(answer[72:])

    async def datagram(self, within: float = WITHIN_S) -> bytes:
        """The next datagram."""
        return await asyncio.wait_for(self.datagrams.came.get(), within)

    async def say(self, op: int, d: Any) -> None:
        """Send one message to the voice gateway."""
        assert self.socket is not None
        await self.socket.send_json({"op": op, "d": d})

    async def message(self, within: float = WITHIN_S) -> dict[str, Any] | None:
        """The next message; None when the socket is closed."""
        assert self.socket is not None
        got = await asyncio.wait_for(self.socket.receive(), within)
        if got.type is not aiohttp.WSMsgType.TEXT:
            # Not the socket's own: that is another where the answer found nobody any more.
            self.code = got.data if got.type is aiohttp.WSMsgType.CLOSE else None
            return None
        said = json.loads(got.data)
        self.told.append(said)
        return said

    async def next(self, op: int, within: float = WITHIN_S) -> Any:
        """The next message with this opcode; earlier others are kept in `untold`."""
        for index, said in enumerate(self.untold):
            if said["op"] == op:
                return self.untold.pop(index)["d"]
        while True:
            said = await self.message(within)
            if said is None:
                raise AssertionError(f"closed by {self.code}")
            if said["op"] == op:
                return said["d"]
            self.untold.append(said)

    async def closed(self) -> int | None:
        """Wait for the end; its code."""
        while await self.message() is not None:
            pass
        return self.code

    def frame(self, what: bytes, **more: Any) -> bytes:
        """One packet, sealed."""
        assert self.crypt is not None
        self.sequence += 1
        self.nonce += 1
        header = rtp(self.ready["ssrc"], self.sequence, **more)
        return self.crypt.seal(header, what, self.nonce.to_bytes(4))

    def send(self, what: bytes) -> None:
        """Send one packet."""
        assert self.udp is not None
        self.udp.sendto(self.frame(what))

    async def hear(self, within: float = WITHIN_S) -> tuple[int, bytes]:
        """The next packet of somebody's: their ssrc, and what it says."""
        assert self.crypt is not None
        while True:
            data = await self.datagram(within)
            if data[:2] in (b"\x80\x78", b"\x80\xf8"):
                return int.from_bytes(data[8:12]), self.crypt.open(data)

    async def hears(self, other: "VoiceBot", what: bytes) -> None:
        """Say something until the other hears it: a way may take a moment to open."""
        for _ in range(100):
            self.send(what)
            try:
                while await other.hear(0.1) != (self.ready["ssrc"], what):
                    pass
                return
            except TimeoutError:
                continue
        raise AssertionError("not heard")

    def drain(self) -> None:
        """Forget what came by UDP."""
        while not self.datagrams.came.empty():
            self.datagrams.came.get_nowait()

    async def close(self) -> None:
        """Close all."""
        if self.udp is not None:
            self.udp.close()
        if self.socket is not None:
            await self.socket.close()
        if self.http is not None:
            await self.http.close()
