"""Where Hearth listens: several addresses, Unix sockets, and sockets that others hold for it."""

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.command import hearth
from tests.harness import Gateway, Held, Server


def ask(family: socket.AddressFamily, address: object, path: str = "/healthz") -> bytes:
    """One GET over a connection of its own; all that comes back."""
    with socket.socket(family) as sock:
        sock.settimeout(20)
        sock.connect(address)  # pyright: ignore[reportArgumentType]
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n".encode())
        told = b""
        while piece := sock.recv(65536):
            told += piece
        return told


def has_ipv6() -> bool:
    """Whether this machine has an IPv6 loopback."""
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


async def test_several_at_once(tmp_path: Path) -> None:
    path = tmp_path / "hearth.sock"
    server = Server(tmp_path / "data")
    more = ["--listen", f"unix:{path}"]
    if has_ipv6():
        more += ["--listen", "[::1]:0"]
    server.words = tuple(more)
    server.start()
    assert server.process is not None
    assert server.process.stdout is not None
    said = [server.process.stdout.readline().strip() for _ in range(len(more) // 2)]
    assert said[0] == f"ready unix:{path}"
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    run = asyncio.to_thread
    assert b'{"status":"ok"}' in await run(ask, socket.AF_INET, ("127.0.0.1", server.port))
    assert b'{"status":"ok"}' in await run(ask, socket.AF_UNIX, str(path))
    if has_ipv6():
        assert said[1].startswith("ready http://[::1]:")
        port = int(said[1].rpartition(":")[2])
        assert b'{"status":"ok"}' in await run(ask, socket.AF_INET6, ("::1", port))
    # The gateway, too, is at each of them.
    async with (
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as http,
        http.ws_connect("http://here/gateway?v=10&encoding=json") as gateway,
    ):
        assert (await gateway.receive_json())["op"] == 10
    assert server.stop() == 0
    assert not path.exists()


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_both_families_at_one_address(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = Server(tmp_path / "data")
    server.words = ("--listen", f"[::]:{port}")
    server.start()
    assert b'{"status":"ok"}' in ask(socket.AF_INET6, ("::1", port))
    assert b'{"status":"ok"}' in ask(socket.AF_INET, ("127.0.0.1", port))
    assert server.stop() == 0


def test_a_unix_socket_that_was_left_behind(tmp_path: Path) -> None:
    path = tmp_path / "hearth.sock"
    server = Server(tmp_path / "data")
    server.words = ("--listen", f"unix:{path}")
    server.start().kill()
    assert path.exists()
    server.start()
    assert b'{"status":"ok"}' in ask(socket.AF_UNIX, str(path))
    # One that somebody listens on is not taken away.
    other = hearth("serve", "--data", tmp_path / "other", "--listen", f"unix:{path}")
    assert (other.returncode, other.stdout) == (1, "")
    assert other.stderr == f"Error: unix:{path}: Address already in use.\n"
    assert b'{"status":"ok"}' in ask(socket.AF_UNIX, str(path))
    assert server.stop() == 0


def test_what_cannot_be_listened_on(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = hearth("serve", "--data", tmp_path / "data", "--listen", address)
        assert (done.returncode, done.stderr) == (1, f"Error: {address}: Address already in use.\n")
    done = hearth("serve", "--data", tmp_path / "data", "--listen", "inherited")
    assert done.returncode == 1
    assert done.stderr == "Error: listen names inherited, but no socket was handed over.\n"
    file = tmp_path / "file"
    file.write_text("not a socket")
    done = hearth("serve", "--data", tmp_path / "data", "--listen", f"unix:{file}")
    assert (done.returncode, file.read_text()) == (1, "not a socket")


class Knocking:
    """Connects to an address all the time, each time for one request, on threads of its own."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.answers: list[bytes] = []
        self.faults: list[str] = []
        self.stopped = False
        self.threads = [threading.Thread(target=self._run) for _ in range(4)]

    def __enter__(self) -> "Knocking":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped = True
        for thread in self.threads:
            thread.join()

    def _run(self) -> None:
        while not self.stopped:
            try:
                told = ask(socket.AF_INET, ("127.0.0.1", self.port), "/api/v10/gateway")
            except OSError as error:
                self.faults.append(repr(error))
            else:
                self.answers.append(told.partition(b"\r\n")[0])


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Held]:
    """A server on a socket that the test holds open."""
    server = Held(tmp_path / "data").start()
    assert server.port == server.socket.getsockname()[1]
    yield server
    if server.process is not None:
        server.stop()
    server.socket.close()


def test_a_restart_refuses_nobody(held: Held) -> None:
    with Knocking(held.port) as knocking:
        for _ in range(2):
            before = len(knocking.answers)
            assert held.stop() == 0
            held.start()
            while len(knocking.answers) < before + 20 and not knocking.faults:
                pass
    assert knocking.faults == []
    assert set(knocking.answers) == {b"HTTP/1.1 200 OK"}
    assert len(knocking.answers) > 40


async def test_inherited_beside_others(tmp_path: Path) -> None:
    server = Held(tmp_path / "data")
    path = tmp_path / "hearth.sock"
    server.words = ("--listen", "inherited", "--listen", f"unix:{path}")
    server.start()
    assert server.port != server.socket.getsockname()[1]  # 127.0.0.1:0 of the harness stays first
    for address in (server.port, server.socket.getsockname()[1]):
        told = await asyncio.to_thread(ask, socket.AF_INET, ("127.0.0.1", address))
        assert b'{"status":"ok"}' in told
    assert b'{"status":"ok"}' in await asyncio.to_thread(ask, socket.AF_UNIX, str(path))
    assert server.stop() == 0
    server.socket.close()


async def test_a_session_goes_on_over_the_held_socket(held: Held) -> None:
    ann = held.person("ann")
    await ann.connect()
    assert ann.gateway is not None
    session_id, seq = ann.gateway.session_id, ann.gateway.seq
    stopping = asyncio.create_task(asyncio.to_thread(held.stop))
    await ann.gateway.other(7)
    await ann.gateway.closed()
    # Asks while nobody listens: it waits in the socket for the next process.
    opening = asyncio.create_task(Gateway.open(held))
    assert await stopping == 0
    await asyncio.to_thread(held.start)
    again = await opening
    await again.send(6, {"token": ann.token, "session_id": session_id, "seq": seq})
    await again.event("RESUMED")
    await again.close()
    await ann.close()


def test_two_inherited_sockets(tmp_path: Path) -> None:
    """More than one may be passed, of any kind; who passes them keeps them."""
    path = tmp_path / "held.sock"
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(path))
        unix.listen()
        pass_on = (
            "import fcntl, os, sys\n"
            f"high = [fcntl.fcntl(n, fcntl.F_DUPFD, 64) for n in {[tcp.fileno(), unix.fileno()]}]\n"
            "os.dup2(high[0], 3); os.dup2(high[1], 4)\n"
            "os.environ |= {'LISTEN_PID': str(os.getpid()), 'LISTEN_FDS': '2'}\n"
            "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", pass_on, "-m", "hearth", "serve", "--data", tmp_path / "data"],
            stdout=subprocess.PIPE,
            text=True,
            pass_fds=[tcp.fileno(), unix.fileno()],
            env=dict(os.environ),
        )
        assert process.stdout is not None
        with process.stdout:
            assert process.stdout.readline() == f"ready http://127.0.0.1:{tcp.getsockname()[1]}\n"
            assert process.stdout.readline() == f"ready unix:{path}\n"
            assert b'{"status":"ok"}' in ask(socket.AF_UNIX, str(path))
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        assert path.exists()
