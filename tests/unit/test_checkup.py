"""What `hearth doctor` makes of what it sees."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hearth.commands.checkup import (
    check_addresses,
    check_certificate,
    check_clock,
    check_ports,
    check_routes,
)
from hearth.config import Config, Http, Ip, Tls, Voice
from hearth.core.voice_ports import Route

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def ways(*hosts: str, udp: int = 8080, tcp: int = 8080) -> list[Route]:
    found = [Route("udp", host, udp) for host in hosts]
    return found + [Route("tcp", host, tcp) for host in hosts if tcp]


def world(origin: str | None = "https://chat.example.org", **voice: object) -> Config:
    return Config(http=Http(public_url=origin), voice=Voice(**voice))  # pyright: ignore[reportArgumentType]


def test_ports() -> None:
    (well,) = check_ports(world(), ways("198.41.0.4"))
    assert well.state == "ok"
    assert "UDP 8080 and TCP 8080" in well.text
    (taken,) = check_ports(world(), ways("198.41.0.4", udp=40_000))
    assert taken.state == "trouble"
    # Whoever asked for another has it.
    assert check_ports(world(udp="0.0.0.0:9000"), ways("::1", udp=9000))[0].state == "ok"


@pytest.mark.parametrize(
    ("hosts", "origin", "state"),
    [
        (["198.41.0.4", "10.0.0.7"], "https://chat.example.org", "ok"),
        (["10.0.0.7", "127.0.0.1"], "https://chat.example.org", "trouble"),
        (["10.0.0.7", "127.0.0.1"], "https://chat.lan", "warning"),
        (["10.0.0.7", "127.0.0.1"], None, "warning"),
        (["127.0.0.1"], "https://chat.example.org", "trouble"),
        (["127.0.0.1", "::1"], None, "warning"),
    ],
)
def test_addresses(hosts: list[str], origin: str | None, state: str) -> None:
    (found,) = check_addresses(world(origin), ways(*hosts))
    assert found.state == state
    assert bool(found.todo) == (state != "ok")


def test_the_address_that_a_stun_server_tells() -> None:
    asks = world(None, stun="stun.example.org:3478")
    for hosts, state in ((["127.0.0.1"], "trouble"), (["198.41.0.4", "10.0.0.7"], "ok")):
        (found,) = check_addresses(asks, ways(*hosts))
        assert found.state == state


def test_ways() -> None:
    near, far = Route("udp", "10.0.0.7", 1), Route("tcp", "2001:db8::7", 2)
    found = check_routes([(near, 1.5), (near, "no answer came"), (far, "no route")], {"10.0.0.7"})
    assert [each.state for each in found] == ["ok", "trouble", "warning"]
    assert "TCP [2001:db8::7]:2 does not answer from here: no route." in found[2].text


def test_the_clock() -> None:
    assert check_clock(None, 5_000, True)[0].state == "ok"
    assert check_clock(5_900, 5_000, None)[0].state == "ok"
    assert check_clock(5_000, 5_000, False)[0].state == "warning"
    (late,) = check_clock(3_605_000, 5_000, True)
    assert late.state == "trouble"
    assert "3600 s behind" in late.text


def certified(folder: Path, begins: int, ends: int, *names: str) -> Config:
    """Settings with a certificate that signed itself, by days from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 7)
        .not_valid_before(NOW + timedelta(days=begins))
        .not_valid_after(NOW + timedelta(days=ends))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    http = Http(public_url="https://chat.example.org")
    return Config(http=http, tls=Tls(certificate=file, key=file))


@pytest.mark.parametrize(
    ("begins", "ends", "name", "states"),
    [
        (-1, 90, "chat.example.org", ["warning"]),
        (-1, 90, "*.example.org", ["warning"]),
        (-1, 90, "*.chat.example.org", ["trouble", "warning"]),
        (-1, 3, "chat.example.org", ["warning", "warning"]),
        (-9, -1, "chat.example.org", ["trouble", "warning"]),
        (1, 90, "CHAT.example.org", ["trouble", "warning"]),
        (1, 90, "example.org", ["trouble", "trouble", "warning"]),
    ],
)
def test_a_certificate(
    tmp_path: Path, begins: int, ends: int, name: str, states: list[str]
) -> None:
    """The last warning is that nobody knows who signed it."""
    found = check_certificate(certified(tmp_path, begins, ends, name), NOW.timestamp())
    assert [each.state for each in found] == states
    assert "No authority" in found[-1].text


@pytest.mark.parametrize(
    ("http", "state"),
    [
        (Http(), "warning"),
        (Http(listen=("0.0.0.0:8080",)), "trouble"),
        (Http(listen=("[::1]:8080", "unix:/run/x")), "warning"),
        (Http(public_url="https://chat.example.org"), "ok"),
        (Http(listen=("198.41.0.4:8080",), public_url="http://chat.example.org"), "trouble"),
    ],
)
def test_no_certificate(http: Http, state: str) -> None:
    assert [each.state for each in check_certificate(Config(http=http), 0)] == [state]


def test_a_file_that_is_none(tmp_path: Path) -> None:
    for file in (tmp_path / "missing", tmp_path):
        settings = Config(tls=Tls(certificate=file, key=file))
        assert check_certificate(settings, 0)[0].state == "trouble"
    assert check_addresses(world(addresses=(Ip("198.41.0.4"),)), ways("198.41.0.4"))[0].todo == ""
