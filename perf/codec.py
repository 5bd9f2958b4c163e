"""Nanoseconds per frame of one 950-byte dispatch, in both encodings: `python perf/codec.py`."""

import timeit
from collections.abc import Callable

from hearth.net.gateway import codec
from hearth.net.gateway.codec import Encoding, Payload

GOAL_NS = 350
ROUNDS = 7
CALLS = 200_000


def nanoseconds(call: Callable[[], object], calls: int = CALLS) -> float:
    """The best of several rounds, the call of an empty function taken off."""
    empty = min(timeit.repeat(lambda: None, number=calls, repeat=ROUNDS))
    return (min(timeit.repeat(call, number=calls, repeat=ROUNDS)) - empty) / calls * 1e9


def main() -> None:
    """Print one line per measure."""
    words = ("hearth", "door", "key", "house", "window", "garden", "stone", "river")
    text = " ".join(words[i * i % 8] + str(i * 7919 % 1000) for i in range(120))
    d = ('{"content":"' + text)[: 950 - 40].encode() + b'"}'
    for encoding in Encoding:
        payload = Payload("MESSAGE_CREATE", d)
        size = len(codec.frame(payload, 1, encoding))
        one = nanoseconds(lambda p=payload, e=encoding: codec.frame(p, 123_456, e))
        single = nanoseconds(lambda p=[payload], e=encoding: codec.frames(p, 123_456, e, 16_384))
        eight = nanoseconds(lambda p=[payload] * 8, e=encoding: codec.frames(p, 123_456, e, 16_384))
        print(
            f"encoding={encoding.value} frame_bytes={size} frame_ns={one:.0f}"
            f" frames_1_ns={single:.0f} frames_8_ns_each={eight / 8:.0f}"
        )
        if encoding is Encoding.PLAIN:
            print(f"goal_ns={GOAL_NS} {'met' if one <= GOAL_NS else 'missed'}")
    made = nanoseconds(lambda: Payload("MESSAGE_CREATE", d), 20_000)
    deflated = nanoseconds(lambda: Payload("MESSAGE_CREATE", d).deflate(), 5_000)
    beat = nanoseconds(lambda: codec.control(11, b"null", Encoding.ZLIB_STREAM), 20_000)
    print(f"once per event: payload_ns={made:.0f} and_deflate_ns={deflated:.0f}")
    print(f"heartbeat answer, zlib-stream: control_ns={beat:.0f}")


if __name__ == "__main__":
    main()
