"""A relay on this machine: coturn with the settings of docs/turn.md."""

import random
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from aioice import stun

COTURN = shutil.which("turnserver")
SECRET = "a-secret-of-two-servers"

_PAGE = Path(__file__).parents[1] / "docs" / "turn.md"
_WITHIN_S = 30.0


def free_port() -> int:
    """A port that nobody has, by UDP or TCP, and that is given to no connection meanwhile: it is
    below those that the system chooses."""
    while True:
        port = random.randrange(20_000, 32_000)
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as other,
            suppress(OSError),
        ):
            one.bind(("127.0.0.1", port))
            other.bind(("127.0.0.1", port))
            return port


@contextmanager
def coturn(
    folder: Path, changes: Sequence[tuple[str, str]] = (), tls: tuple[Path, Path, int] | None = None
) -> Generator[int]:
    """It runs, for media at 127.0.0.1; its port. `changes` are patterns in its settings and what
    stands there instead; `tls` is a certificate, its key, and the port for these."""
    port, above = free_port(), free_port()
    text = re.search(r"```conf\n(.*?)```", _PAGE.read_text(encoding="utf-8"), re.S)
    assert text is not None
    settings = (
        text[1]
        .replace("=3478", f"={port}")
        .replace("=SECRET", f"={SECRET}")
        .replace("203.0.113.7", "127.0.0.1")
        .replace("=49160", f"={above}")
        .replace("=49960", f"={above + 200}")
    )
    for pattern, instead in changes:
        settings, count = re.subn(pattern, instead, settings)
        assert count, pattern
    # What follows is for a relay that serves this machine from this machine.
    settings += f"""
        listening-ip=127.0.0.1
        relay-ip=127.0.0.1
        allow-loopback-peers
        no-dtls
        userdb={folder / "turndb"}
        pidfile={folder / "turn.pid"}
        log-file=stdout
    """
    if tls is None:
        settings += "no-tls\n"
    else:
        settings += f"cert={tls[0]}\npkey={tls[1]}\ntls-listening-port={tls[2]}\n"
    conf, log = folder / "turnserver.conf", folder / "turn.log"
    conf.write_text("\n".join(line.strip() for line in settings.splitlines()) + "\n")
    assert COTURN is not None
    with (
        log.open("w") as out,
        subprocess.Popen([COTURN, "-c", conf], stdout=out, stderr=out, cwd=folder) as run,
    ):
        try:
            _answers(port, log)
            yield port
        finally:
            run.terminate()


def _answers(port: int, log: Path) -> None:
    """Wait until it does."""
    until = time.monotonic() + _WITHIN_S
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(0.2)
        while time.monotonic() < until:
            asked = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
            asking.sendto(bytes(asked), ("127.0.0.1", port))
            try:
                asking.recv(2048)
            except OSError:
                continue
            return
    raise AssertionError(log.read_text())
