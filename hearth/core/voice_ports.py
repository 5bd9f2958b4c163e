"""The seam between voice's rules and the media server: what one asks and what the other tells.

The rules (`hearth.actions.voice`, `hearth.net.voice`) know who may do what; the media server
(`hearth.sfu`) knows rooms, peers and packets, and believes the flags that it is handed.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

from msgspec import Struct

Kind = Literal["audio", "video", "screen"]

CHECK_S = 60
"""How long the name of a `Route` is answered to."""

MICROPHONE, SOUNDSHARE, PRIORITY = 1, 2, 4
"""The flags of speaking (Discord reference, "Voice Connections", Speaking)."""


class May(NamedTuple):
    """What a peer may do in its room, as the rules decided."""

    audio_in: bool
    """Be heard: SPEAK, and neither muted nor suppressed."""
    audio_out: bool
    """Hear: not deafened."""
    video_in: bool
    """Show a camera or a screen: STREAM."""
    priority: bool
    """Set the flag PRIORITY of speaking: PRIORITY_SPEAKER."""


class Stream(NamedTuple):
    """One thing that a peer publishes, as the whole room knows it."""

    kind: Kind
    ssrc: int
    """Its name in this room: what viewers ask for in op 15. Chosen by the media server."""
    mid: str
    """The publisher's own section of its offer; empty for a bot."""
    active: bool
    """Packets come, and may."""
    layers: tuple[str, ...]
    """The rids that have come, poorest first; empty without simulcast."""


class Route(NamedTuple):
    """A way to the media server, and what it can be tried with by anybody for `CHECK_S`: it answers
    connectivity checks of this name and password (RFC 8445), and does nothing else for who makes
    them."""

    protocol: str
    """`udp` or `tcp`."""
    host: str
    port: int
    ufrag: str = ""
    password: str = ""


class IceServer(Struct, frozen=True):
    """Relays (TURN) that a browser may go by, as its RTCIceServer: the name says until when it is
    good (draft-uberti-behave-turn-rest-00)."""

    urls: tuple[str, ...]
    username: str
    credential: str


class Health(Struct, frozen=True, kw_only=True):
    """How one process that carries media is."""

    process: str
    """`main` is the server's own, which all share; else a number from 0."""
    pid: int
    """0 while it does not run."""
    port: int
    """The UDP port."""
    rooms: int
    peers: int
    lag_s: float
    """The longest that its loop was late of late."""
    resident_bytes: int
    drops: int
    """Datagrams that the system had no room for."""
    restarts: int
    """How often it was begun anew."""


class MediaSettings(Struct, frozen=True, kw_only=True):
    """What a media server is told at its beginning."""

    host: str
    """Where its UDP socket is bound."""
    hosts: tuple[str, ...]
    """What browsers are told instead, best first; none is `host`."""
    tcp_port: int = 0
    """The TCP port that takes media too; 0 is none."""
    stun: str = ""
    """`HOST:PORT` of a STUN server that is asked for the public address; empty is none."""
    viewer_kbps: int = 0
    """The most video that one viewer is sent; 0 is no bound."""
    upload_kbps: int = 0
    """The most video that all together are sent; 0 is no bound."""
    name: str = ""
    """What the ICE names of its browsers begin with."""


class MediaPeer(Protocol):
    """One connection of one user to one room."""

    @property
    def room_id(self) -> int:
        """The channel's id."""
        ...

    @property
    def port(self) -> int:
        """The UDP port that its media comes to."""
        ...

    @property
    def user_id(self) -> int:
        """Whose it is."""
        ...

    @property
    def ssrc(self) -> int:
        """The name of its microphone in this room; a bot sends with it."""
        ...

    @property
    def streams(self) -> Sequence[Stream]:
        """What it publishes, as it was told last."""
        ...

    def allow(self, may: May) -> None:
        """Change what it may do, from the next packet on."""
        ...

    def close(self) -> None:
        """Leave the room; no packet goes to it or comes from it any more. May be called again."""
        ...

    async def offer(self, sdp: str) -> str:
        """Take a browser's offer, the first or a later one, and answer. Raises ValueError with
        one sentence when the offer is not one that can be answered."""
        ...

    def label(self, kinds: Mapping[str, Kind]) -> None:
        """Say which video sections of its offer (by mid) are `screen`; others are `video`. What it
        publishes is told again."""
        ...

    def want(self, others: int, wanted: Mapping[int, int], pixels: Mapping[int, int]) -> None:
        """What this viewer shows (op 15): by `Stream.ssrc` a quality of 0 to 100, `others` for
        cameras not named (screens not named are not sent), and how many pixels it shows."""
        ...


class MediaListener(Protocol):
    """Who is told what happens in rooms; plain functions that are called on the loop."""

    def speaking(self, peer: MediaPeer, flags: int) -> None:
        """A browser's microphone became loud (MICROPHONE, perhaps PRIORITY) or silent (0)."""
        ...

    def streams(self, peer: MediaPeer) -> None:
        """What `peer` publishes changed; see `peer.streams`."""
        ...

    def mapped(self, peer: MediaPeer, mid: str, user_id: int | None, ssrc: int, kind: Kind) -> None:
        """The receive slot `mid` of viewer `peer` now carries `user_id`'s stream `ssrc`; None is
        nobody's."""
        ...

    def lost(self, peer: MediaPeer, why: str) -> None:
        """`peer` has been silent too long, or ended its media; it is still in its room."""
        ...

    def crashed(self, peer: MediaPeer) -> None:
        """What carried the media of `peer` is gone, and its room with it: it must join anew."""
        ...

    def demand(self, peer: MediaPeer, wanted: Mapping[int, int]) -> None:
        """Op 15 for the publisher `peer`: by `Stream.ssrc` the best quality that anyone wants; 0
        is nobody."""
        ...


class Media(Protocol):
    """The media server as the voice gateway knows it: its rooms, and how bots come to them."""

    def join(self, room_id: int, user_id: int, may: May) -> MediaPeer:
        """A new peer; a room is made for its first."""
        ...

    async def expect(self, peer: MediaPeer, ip: str) -> None:
        """From the return on a bot may ask for its address from `ip`, which is empty where it is
        not known. Raises ValueError for a peer that is not here any more."""
        ...

    async def select(self, peer: MediaPeer, mode: str) -> bytes:
        """The key of an expected bot for one of `MODES`. Raises ValueError for another mode, and
        for a peer that is not here any more."""
        ...

    def stream(self, left: Callable[[], None]) -> object | None:
        """The asyncio.Protocol of a TCP connection that carries media, which calls `left` once when
        the connection is over; None when none may come."""
        ...

    async def check(self) -> Sequence[Route]:
        """The ways to it, each with a name by which it can be tried."""
        ...

    def health(self) -> Sequence[Health]:
        """How each process is that carries media."""
        ...

    async def close(self) -> None:
        """Every peer leaves, and the sockets close."""
        ...


MODES = ("aead_aes256_gcm_rtpsize", "aead_xchacha20_poly1305_rtpsize")
"""How bots' packets may be encrypted.

In this order: discord.js's voice takes the first that it knows, and wants a package for the
second; discord.py knows the second alone.
"""
