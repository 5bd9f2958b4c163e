"""The servers that are measured: Hearth, the floors, inspircd, ejabberd."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from harness import BUILD, PERF, Failed, Server, compiled, free_port


def _environment() -> dict[str, str]:
    """Rate limits wide open; and bytecode kept, as where people run it, but not beside the code."""
    ours = {
        "HEARTH_LIMITS_SCALE": "1000000",
        "PYTHONPYCACHEPREFIX": str(BUILD / "bytecode"),
        # What is beside this, whatever is installed.
        "PYTHONPATH": str(PERF.parent),
    }
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | ours


def hearth(data: Path, **more: str) -> Server:
    """Hearth on a data directory, every feature on, rate limits wide open, no session restored;
    `more` is added to its environment."""
    (data / "sessions").unlink(missing_ok=True)
    port = free_port()
    command = [str(Path(sys.executable).parent / "hearth"), "serve"]
    command += ["--data", str(data), "--listen", f"127.0.0.1:{port}"]
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "hearth.log").open("ab") as log:
        return Server("hearth", command, port, stderr=log, env=_environment() | more)


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


EJABBERD = """
hosts: [localhost]
loglevel: warning
default_db: {store}
sql_type: sqlite
sql_database: "{place}/archive.db"
auth_method: [anonymous]
anonymous_protocol: sasl_anon
allow_multiple_connections: true
listen:
  - port: {port}
    ip: 127.0.0.1
    module: ejabberd_c2s
    max_stanza_size: 65536
    shaper: none
    starttls: false
    zlib: false
modules:
  mod_disco: {{}}
  mod_mam:
    db_type: {store}
    default: never
  mod_muc:
    db_type: mnesia
    host: conference.localhost
    access: all
    access_create: all
    access_persistent: all
    history_size: 0
    max_users: 100000
    max_users_admin_threshold: 100000
    max_user_conferences: 100
    min_message_interval: 0
    min_presence_interval: 0
    default_room_options:
      mam: true
      max_users: 100000
      presence_broadcast: [moderator]
"""


def ejabberd(store: str = "sql") -> Server:
    """ejabberd with one archived room for whoever comes; `store` is mnesia, or sql for SQLite.

    It has a directory of its own, no name among processes of Erlang, and tells only moderators of
    who comes: else 1,000 people are half a million presences before anything is measured.
    """
    erl = shutil.which("erl")
    code = sorted(Path("/usr/lib").glob("*/ejabberd-*/ebin"))
    if erl is None or not code:
        raise Failed("ejabberd is needed: apt-get install ejabberd erlang-p1-sqlite3")
    port, place = free_port(), BUILD / "ejabberd"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    (place / "ejabberd.yml").write_text(EJABBERD.format(port=port, place=place, store=store))
    with closing(sqlite3.connect(place / "archive.db")) as tables:
        tables.executescript((code[-1].parent / "priv/sql/lite.sql").read_text())
    command = [erl, "-noinput", "-pa", str(code[-1]), "-mnesia", "dir", f'"{place}/mnesia"']
    command += ["+P", "250000", "+Q", "65536", "-s", "ejabberd"]
    environment = {
        **os.environ,
        "EJABBERD_CONFIG_PATH": str(place / "ejabberd.yml"),
        "EJABBERD_LOG_PATH": str(place / "ejabberd.log"),
        "HOME": str(place),
    }
    with (place / "said").open("wb") as said:
        return Server(
            "ejabberd", command, port, speaks=False, stderr=said, env=environment, cwd=place
        )
