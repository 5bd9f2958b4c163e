"""What the server and a process that carries media say to each other over their socket.

Each message is four bytes of length and MessagePack of one of `Order` or `Word`. Nobody else has an
end of the socket: it is a pair without a name.
"""

from asyncio import StreamReader

from msgspec import Struct
from msgspec.msgpack import Decoder, Encoder

from hearth.core.voice_ports import Kind, May, MediaSettings, Route, Stream

LONGEST_BYTES = 1 << 20
"""More is nonsense: the longest is an answer to an offer of 64 KiB."""

HANDED_BYTES = 8 + 4096
"""What goes with a connection that is handed over: its number, and what came of it."""


class _Message(Struct, frozen=True, array_like=True, tag=True):
    pass


# What the server orders


class Begin(_Message, frozen=True):
    """The first order; `level` is that of the log."""

    settings: MediaSettings
    level: int


class Join(_Message, frozen=True):
    """A new peer, which is called by a number of the server's from now on."""

    peer: int
    room_id: int
    user_id: int
    ssrc: int
    may: May


class Allow(_Message, frozen=True):
    """See `MediaPeer.allow`."""

    peer: int
    may: May


class Expect(_Message, frozen=True):
    """See `Media.expect`; answered by `Answer`."""

    peer: int
    ask: int
    ip: str


class Select(_Message, frozen=True):
    """See `Media.select`; answered by `Answer`."""

    peer: int
    ask: int
    mode: str


class Offer(_Message, frozen=True):
    """See `MediaPeer.offer`; answered by `Answer`."""

    peer: int
    ask: int
    sdp: str


class Label(_Message, frozen=True):
    """See `MediaPeer.label`."""

    peer: int
    kinds: dict[str, Kind]


class Want(_Message, frozen=True):
    """See `MediaPeer.want`."""

    peer: int
    others: int
    wanted: dict[int, int]
    pixels: dict[int, int]


class Leave(_Message, frozen=True):
    """See `MediaPeer.close`."""

    peer: int


class Check(_Message, frozen=True):
    """See `Media.check`; answered by `Answer`. It is about no peer."""

    ask: int
    peer: int = 0


Order = Begin | Join | Allow | Expect | Select | Offer | Label | Want | Leave | Check


# What the process says


class Answer(_Message, frozen=True):
    """To an order that asked: what was made, or in one sentence why not."""

    ask: int
    text: str = ""
    key: bytes = b""
    routes: tuple[Route, ...] = ()
    refused: bool = False


class Spoke(_Message, frozen=True):
    """See `MediaListener.speaking`."""

    peer: int
    flags: int


class Published(_Message, frozen=True):
    """See `MediaListener.streams`; where `quiet`, it is only to be known."""

    peer: int
    streams: tuple[Stream, ...]
    quiet: bool


class Mapped(_Message, frozen=True):
    """See `MediaListener.mapped`."""

    peer: int
    mid: str
    user_id: int | None
    ssrc: int
    kind: Kind


class Lost(_Message, frozen=True):
    """See `MediaListener.lost`."""

    peer: int
    why: str


class Demand(_Message, frozen=True):
    """See `MediaListener.demand`."""

    peer: int
    wanted: dict[int, int]


class Parted(_Message, frozen=True):
    """A connection by TCP that was handed over is no more."""

    connection: int


class Pulse(_Message, frozen=True):
    """How the process is; the first says that it is ready, then there is one each second."""

    rooms: int
    peers: int
    lag_s: float
    resident_bytes: int
    drops: int


Word = Answer | Spoke | Published | Mapped | Lost | Demand | Parted | Pulse

_encoder = Encoder()
ORDERS: Decoder[Order] = Decoder(Order)
WORDS: Decoder[Word] = Decoder(Word)


def frame(message: Order | Word) -> bytes:
    """A message as it goes over the socket."""
    said = _encoder.encode(message)
    return len(said).to_bytes(4, "big") + said


async def whole(reader: StreamReader) -> bytes:
    """The next message. Raises EOFError at the end, ConnectionError, and ValueError for one that is
    too long."""
    size = int.from_bytes(await reader.readexactly(4), "big")
    if size > LONGEST_BYTES:
        raise ValueError("The message is too long.")
    return await reader.readexactly(size)
