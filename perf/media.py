"""The row about files: how much memory and time one of 100 MB takes on its way in and out."""

from __future__ import annotations

import http.client
import json
import os
import threading
import time
from collections.abc import Iterator

import peers
from harness import Failed, Server, median, say, spread
from rows import Figure, Scale, row, world

PIECE = os.urandom(1 << 20)
BOUNDARY = "files-go-here"
GOAL_MB = 30.0


class Watch(threading.Thread):
    """The most memory that the server and its children have while the block runs, in MB."""

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        self._server = server
        self._ended = threading.Event()
        self.before = self.most = server.rss_bytes() / 1e6

    def run(self) -> None:
        while not self._ended.wait(0.02):
            self.most = max(self.most, self._server.rss_bytes() / 1e6)

    def __enter__(self) -> Watch:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()

    @property
    def extra(self) -> float:
        return self.most - self.before


def body(size: int) -> Iterator[bytes]:
    head = 'Content-Disposition: form-data; name="files[0]"; filename="f.bin"\r\n\r\n'
    yield f"--{BOUNDARY}\r\n{head}".encode()
    for at in range(0, size, len(PIECE)):
        yield PIECE[: size - at]
    yield f"\r\n--{BOUNDARY}--\r\n".encode()


def send(server: Server, channel_id: int, token: str, size: int) -> str:
    """Post a message with a file of `size` bytes; the file's address."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=120)
    length = sum(len(each) for each in body(0)) + size
    headers = {
        "Authorization": token,
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
        "Content-Length": str(length),
    }
    path = f"/api/v10/channels/{channel_id}/messages"
    connection.request("POST", path, body=body(size), headers=headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    if answer.status != 200:
        raise Failed(f"POST of a file: {answer.status} {text[:200]!r}")
    url: str = json.loads(text)["attachments"][0]["url"]
    return url


def fetch(server: Server, url: str, size: int) -> None:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=120)
    connection.request("GET", "/cdn/" + url.partition("/cdn/")[2])
    answer = connection.getresponse()
    got = 0
    while piece := answer.read(1 << 20):
        got += len(piece)
    connection.close()
    if (answer.status, got) != (200, size):
        raise Failed(f"GET of a file: {answer.status}, {got} bytes")


@row("media.up", "media.down", "media.rate")
def media(scale: Scale) -> list[Figure]:
    size = scale.of(100_000_000, 10_000_000)
    made = world(1)
    up: list[float] = []
    down: list[float] = []
    rates: list[float] = []
    for _ in range(scale.rounds):
        with peers.hearth(made.data) as server:
            # Each code's first use is not a file's: one of another size goes before.
            fetch(server, send(server, made.channels[0], made.owner_token, 1000), 1000)
            time.sleep(scale.of(3, 1))
            with Watch(server) as sending:
                begun = time.monotonic()
                url = send(server, made.channels[0], made.owner_token, size)
                rates.append(size / 1e6 / (time.monotonic() - begun))
            time.sleep(scale.of(3, 1))
            with Watch(server) as fetching:
                fetch(server, url, size)
        up.append(sending.extra)
        down.append(fetching.extra)
        say(f"  in {up[-1]:.1f} MB, out {down[-1]:.1f} MB, {rates[-1]:.0f} MB/s")
    mb = size // 1_000_000
    goal = f"< {GOAL_MB:.0f}"
    what = f"extra RSS while a file of {mb} MB"
    worst = max(up), max(down)
    return [
        Figure(
            "media.up", f"{what} comes, MB", spread(up, 1), goal, worst[0] < GOAL_MB, {"mb": up}
        ),
        Figure(
            "media.down",
            f"{what} goes, MB",
            spread(down, 1),
            goal,
            worst[1] < GOAL_MB,
            {"mb": down},
        ),
        Figure(
            "media.rate",
            f"a file of {mb} MB comes and is on the disk, MB/s",
            f"{median(rates):.0f}",
            "",
            None,
            {"mb_s": rates},
        ),
    ]
