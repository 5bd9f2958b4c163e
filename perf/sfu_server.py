"""The media server alone, spoken to by lines of JSON: what perf/calls.py measures.

sfu_server.py PORT LOUDEST; each line {"room", "user", "offer"} is answered by {"answer"}.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path

import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hearth.core.voice_ports import Kind, May, MediaPeer
from hearth.edge.memory import calm, settle
from hearth.sfu.room import Sfu


class Deaf:
    """A listener that does nothing with what it is told."""

    def speaking(self, peer: MediaPeer, flags: int) -> None: ...

    def streams(self, peer: MediaPeer) -> None: ...

    def mapped(
        self, peer: MediaPeer, mid: str, user_id: int | None, ssrc: int, kind: Kind
    ) -> None: ...

    def lost(self, peer: MediaPeer, why: str) -> None: ...

    def crashed(self, peer: MediaPeer) -> None: ...

    def demand(self, peer: MediaPeer, wanted: Mapping[int, int]) -> None: ...


async def serve(port: int, loudest: int) -> None:
    sfu = Sfu(Deaf(), loudest=loudest)
    await sfu.open("127.0.0.1", port)
    await sfu.load()
    # As a process of voice's own does (hearth/sfu/worker.py).
    calm()
    settle()
    reader = asyncio.StreamReader(limit=1 << 20)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    print(f"ready http://127.0.0.1:{port}", flush=True)
    while line := await reader.readline():
        asked = json.loads(line)
        may = May(audio_in=True, audio_out=True, video_in=True, priority=False)
        peer = sfu.join(asked["room"], asked["user"], may)
        print(json.dumps({"answer": await peer.offer(asked["offer"])}), flush=True)
    sfu.close()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), int(sys.argv[2])))
