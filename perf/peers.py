"""The servers that are measured: Hearth, the floors, inspircd."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from harness import BUILD, PERF, Failed, Server, compiled, free_port


def _environment() -> dict[str, str]:
    """Rate limits wide open; and bytecode kept, as where people run it, but not beside the code."""
    ours = {"HEARTH_LIMITS_SCALE": "1000000", "PYTHONPYCACHEPREFIX": str(BUILD / "bytecode")}
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | ours


def hearth(data: Path) -> Server:
    """Hearth on a data directory, every feature on, rate limits wide open, no session restored."""
    (data / "sessions").unlink(missing_ok=True)
    port = free_port()
    command = [str(Path(sys.executable).parent / "hearth"), "serve"]
    command += ["--data", str(data), "--listen", f"127.0.0.1:{port}"]
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "hearth.log").open("ab") as log:
        return Server("hearth", command, port, stderr=log, env=_environment())


def watched(data: Path) -> Server:
    """Hearth with a clock beside its loop (watched.py)."""
    (data / "sessions").unlink(missing_ok=True)
    port = free_port()
    with (BUILD / "hearth.log").open("ab") as log:
        command = [sys.executable, str(PERF / "watched.py"), str(data), str(port)]
        return Server("watched", command, port, stderr=log, env=_environment())


def floor(frame: Path | None = None) -> Server:
    port = free_port()
    return Server("c", [str(compiled("floor")), str(port), *([str(frame)] if frame else [])], port)


def plain(frame: Path) -> Server:
    port = free_port()
    program = str(PERF / "plain_protocol.py")
    return Server("plain", [sys.executable, program, str(port), str(frame)], port)


def empty() -> Server:
    port = free_port()
    return Server("empty", [sys.executable, str(PERF / "empty_server.py"), str(port)], port)


INSPIRCD = """
<server name="irc.local" description="perf" network="perf" id="97K">
<admin name="perf" nick="perf" email="perf@localhost">
<bind address="127.0.0.1" port="{port}" type="clients">
<connect allow="*" timeout="60" pingfreq="3600" threshold="100000" commandrate="1000000"
  fakelag="no" resolvehostnames="no" useident="no" hardsendq="64M" softsendq="64M" recvq="1M"
  localmax="100000" globalmax="100000" limit="100000" maxchans="10">
<class name="none" commands="">
<files motd="{motd}">
<dns server="127.0.0.1" timeout="1">
<pid file="{pid}">
<options defaultmodes="t" splitwhois="no" syntaxhints="no">
<performance softlimit="100000" somaxconn="4096" netbuffersize="65534" quietbursts="yes">
<limits maxline="512">
"""


def inspircd() -> Server:
    """inspircd in the foreground, its flood and address limits off, no modules loaded."""
    program = shutil.which("inspircd") or shutil.which("inspircd", path="/usr/sbin:/usr/bin")
    if program is None:
        raise Failed("inspircd is needed: apt-get install inspircd")
    port, place = free_port(), BUILD / "inspircd"
    place.mkdir(parents=True, exist_ok=True)
    (place / "motd").write_text("perf\n")
    config = place / "inspircd.conf"
    config.write_text(INSPIRCD.format(port=port, motd=place / "motd", pid=place / "pid"))
    command = [program, "--nofork", "--nolog", "--runasroot", f"--config={config}"]
    return Server("inspircd", command, port, speaks=False)
