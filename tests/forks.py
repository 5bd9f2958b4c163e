"""Starts the `hearth` command as a fork of a process that has its code read already.

A start of Python with that code takes half a second of a core, and the tests make hundreds. What is
forked goes on as the command does from there: arguments, environment, streams, signals and exit
code are its own. Where more than that is asked for (a prefix, descriptors), and where `use` was not
called, it is started anew as everywhere else.
"""

import atexit
import contextlib
import gc
import json
import os
import signal
import socket
import subprocess
import sys
from typing import IO

_LONGEST = 1 << 18
_BYTES = 8
"""Of a number on its way: a process's, or its exit code."""

_used = False
_forge: "_Forge | None" = None


def use() -> None:
    """From now on start by forks; the process they come from is begun with the first."""
    global _used
    _used = True


class Forked:
    """What is running, with the part of `subprocess.Popen` that tests use."""

    def __init__(self, life: socket.socket, stdout: IO[str] | None) -> None:
        self._life = life
        self.stdout = stdout
        self.returncode: int | None = None
        self.pid = _number(life.recv(_BYTES))

    def poll(self) -> int | None:
        """The exit code, negative for a signal's number, once it has ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the exit code. Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            self._life.settimeout(timeout)
            try:
                self.returncode = _number(self._life.recv(_BYTES))
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired("hearth", timeout or 0) from None
            self._life.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)


def _number(told: bytes) -> int:
    if len(told) != _BYTES:
        raise RuntimeError("who waits for the command's end ended itself")
    return int.from_bytes(told, signed=True)


Started = subprocess.Popen[str] | Forked


def start(
    words: list[str],
    env: dict[str, str],
    stderr: IO[bytes],
    *,
    stdin: IO[bytes] | None = None,
    stdout: IO[bytes] | None = None,
    prefix: tuple[str, ...] = (),
    passed: tuple[int, ...] = (),
) -> Started:
    """Start `hearth WORDS`; without `stdout` that is a pipe."""
    global _forge
    if prefix or passed or not _used:
        command = [*prefix, sys.executable, "-m", "hearth", *words]
        out = subprocess.PIPE if stdout is None else stdout
        return subprocess.Popen(
            command, stdin=stdin, stdout=out, stderr=stderr, text=True, env=env, pass_fds=passed
        )
    if _forge is None:
        _forge = _Forge()
    return _forge.start(words, env, stdin, stdout, stderr)


class _Forge:
    """The process that is forked, from outside."""

    def __init__(self) -> None:
        self._line, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with far:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.forks", str(far.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[far.fileno()],
            )
        atexit.register(self._end)

    def start(
        self,
        words: list[str],
        env: dict[str, str],
        stdin: IO[bytes] | None,
        stdout: IO[bytes] | None,
        stderr: IO[bytes],
    ) -> Forked:
        life, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with contextlib.ExitStack() as stack:
            stack.enter_context(far)
            nothing = stack.enter_context(open(os.devnull, "r+b"))
            pipe: IO[str] | None = None
            if stdout is None:
                read, write = os.pipe()
                pipe, stdout = open(read), stack.enter_context(open(write, "wb"))  # noqa: SIM115
            streams = [each.fileno() for each in (stdin or nothing, stdout, stderr)]
            asked = json.dumps({"words": words, "env": env, "cwd": os.getcwd()})
            socket.send_fds(self._line, [asked.encode()], [*streams, far.fileno()])
        return Forked(life, pipe)

    def _end(self) -> None:
        self._line.close()
        self._process.wait()


def _forked(line: socket.socket) -> bool:
    """Fork for each that is asked for. True in the fork, False where nobody asks any more."""
    while True:
        data, descriptors, *_ = socket.recv_fds(line, _LONGEST, 4)
        if not data:
            return False
        if os.fork() == 0:
            break
        for each in descriptors:
            os.close(each)
    # Between: it tells how the command's own process ends, as only a parent can.
    line.close()
    *streams, told = descriptors
    life = socket.socket(fileno=told)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid:
        for each in streams:
            os.close(each)
        life.send(pid.to_bytes(_BYTES, signed=True))
        _, status = os.waitpid(pid, 0)
        with contextlib.suppress(OSError):
            life.send(os.waitstatus_to_exitcode(status).to_bytes(_BYTES, signed=True))
        os._exit(0)
    life.close()
    for number, each in enumerate(streams):
        os.dup2(each, number)
        os.close(each)
    asked = json.loads(data)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    sys.argv = ["hearth", *asked["words"]]
    return True


def _main() -> None:
    import hearth.server  # noqa: F401
    from hearth.cli import main

    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    if _forked(socket.socket(fileno=int(sys.argv[1]))):
        main()


if __name__ == "__main__":
    _main()
