"""The units for systemd: their grammar, and what they promise each other."""

import shutil
import subprocess
from pathlib import Path

import pytest

PACKAGING = Path(__file__).parents[2] / "packaging"


def unit(name: str) -> dict[str, dict[str, list[str]]]:
    """A unit's keys, each with all its values; fails when it is none."""
    found: dict[str, dict[str, list[str]]] = {}
    section = None
    for line in (PACKAGING / name).read_text().splitlines():
        if not line or line[0] in "#;":
            continue
        if line.startswith("["):
            section = found.setdefault(line.strip("[]"), {})
            continue
        key, mark, value = line.partition("=")
        assert section is not None
        assert mark
        assert key == key.strip()
        section.setdefault(key, []).append(value)
    return found


def test_they_fit_each_other():
    service, socket = unit("hearth.service"), unit("hearth.socket")
    assert service["Unit"]["Requires"] == ["hearth.socket"]
    assert socket["Install"]["WantedBy"] == ["sockets.target"]
    assert int(socket["Socket"]["Backlog"][0]) >= 4096
    (command,) = service["Service"]["ExecStart"]
    assert "--data /var/lib/hearth" in command
    assert service["Service"]["StateDirectory"] == ["hearth hearth-backups"]
    # A stop takes up to 10 seconds, and nothing is cut off.
    assert int(service["Service"]["TimeoutStopSec"][0]) > 10


def test_it_runs_as_nobody_in_particular():
    wanted = {
        "DynamicUser": "yes",
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "PrivateTmp": "yes",
        "PrivateDevices": "yes",
        "CapabilityBoundingSet": "",
        "UMask": "0077",
        "StateDirectoryMode": "0700",
    }
    service = unit("hearth.service")["Service"]
    assert {key: service[key] for key in wanted} == {key: [value] for key, value in wanted.items()}


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)
def test_systemd_understands_them(tmp_path: Path):
    """With a command that exists, for verify looks."""
    true = shutil.which("true")
    for name in ("hearth.service", "hearth.socket"):
        text = (PACKAGING / name).read_text().replace("/opt/hearth/bin/hearth", str(true))
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True,
        text=True,
        check=False,
    )
    said = [line for line in done.stderr.splitlines() if "hearth" in line]
    assert said == []
    assert done.returncode == 0, done.stderr
