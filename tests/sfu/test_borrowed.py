"""What is used of aiortc, aioice and pylibsrtp beyond their public faces does what we need."""

import os
import struct
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from aioice import stun

from hearth.sfu.borrowed import (
    PROFILES,
    WINDOW,
    Identity,
    Profile,
    Srtp,
    answer_check,
    ffi,
    proven,
    read_check,
    srtp_protect,
    srtp_unprotect,
)

ROOT = Path(__file__).parents[2]


def test_the_versions_are_those_that_were_read():
    assert version("aiortc") == "1.16.0"
    assert version("pylibsrtp") == "1.0.0"
    assert version("aioice") == "0.13.0"


def test_the_cheapest_profile_is_first():
    assert [each.name for each in PROFILES] == [
        b"SRTP_AEAD_AES_128_GCM",
        b"SRTP_AEAD_AES_256_GCM",
        b"SRTP_AES128_CM_SHA1_80",
    ]


def run(function: Any, srtp: Srtp, data: bytes) -> bytes | None:
    memory: Any = ffi.new("char[]", len(data) + 64)
    ffi.buffer(memory)[0 : len(data)] = data
    length: Any = ffi.new("int *", len(data))
    if function(srtp.context, memory, length):
        return None
    return bytes(ffi.buffer(memory)[0 : length[0]])


def packet(sequence: int, ssrc: int = 7) -> bytes:
    return struct.pack(">BBHII", 0x80, 111, sequence, 960, ssrc) + b"opus"


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name.decode())
def test_packets_are_sealed_where_they_lie(profile: Profile):
    key = os.urandom(profile.key_bytes + profile.salt_bytes)
    out, into = Srtp(profile, key, inbound=False), Srtp(profile, key, inbound=True)
    sealed = run(srtp_protect, out, packet(1))
    assert sealed is not None
    assert len(sealed) == len(packet(1)) + profile.tag_bytes
    assert run(srtp_unprotect, into, sealed) == packet(1)
    # What came once does not come again, and what was changed does not come at all.
    assert run(srtp_unprotect, into, sealed) is None
    other = run(srtp_protect, out, packet(2))
    assert other is not None
    assert run(srtp_unprotect, into, other[:-1] + bytes([other[-1] ^ 1])) is None
    assert run(srtp_unprotect, into, other) == packet(2)


def test_late_packets_come_within_the_window():
    profile = PROFILES[0]
    key = bytes(profile.key_bytes + profile.salt_bytes)
    out, into = Srtp(profile, key, inbound=False), Srtp(profile, key, inbound=True)
    sealed = [run(srtp_protect, out, packet(number)) for number in range(WINDOW + 2)]
    newest, early, late = sealed[WINDOW + 1], sealed[0], sealed[2]
    assert newest is not None
    assert early is not None
    assert late is not None
    assert run(srtp_unprotect, into, newest)
    assert run(srtp_unprotect, into, early) is None
    assert run(srtp_unprotect, into, late) == packet(2)


def test_the_same_packet_may_be_sealed_twice():
    profile = PROFILES[0]
    out = Srtp(profile, bytes(profile.key_bytes + profile.salt_bytes), inbound=False)
    assert run(srtp_protect, out, packet(1)) == run(srtp_protect, out, packet(1))


def test_what_was_kept_of_an_ssrc_is_given_back():
    profile = PROFILES[0]
    key = bytes(profile.key_bytes + profile.salt_bytes)
    out, into = Srtp(profile, key, inbound=False), Srtp(profile, key, inbound=True)
    sealed = run(srtp_protect, out, packet(1))
    assert sealed is not None
    assert run(srtp_unprotect, into, sealed)
    into.forget(7)
    into.forget(8)
    # Its window is gone with it.
    assert run(srtp_unprotect, into, sealed)


def request(username: str = "local:remote", password: str = "secret") -> bytes:
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    message.attributes["USERNAME"] = username
    message.attributes["USE-CANDIDATE"] = None
    message.add_message_integrity(password.encode())
    return bytes(message)


def test_checks_are_read_proven_and_answered():
    check = read_check(request())
    assert check is not None
    assert check[:3] == ("local", "remote", True)
    assert proven(check, "secret")
    assert not proven(check, "other")
    answer = stun.parse_message(answer_check(check, "secret", "203.0.113.9", 5000))
    assert answer.check_message_integrity(b"secret")
    assert answer.attributes["XOR-MAPPED-ADDRESS"] == ("203.0.113.9", 5000)
    assert answer.transaction_id == check.message.transaction_id


def test_an_unsigned_check_is_not_proven():
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    message.attributes["USERNAME"] = "local:remote"
    check = read_check(bytes(message))
    assert check is not None
    assert not proven(check, "secret")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        bytes(20),
        request()[:-1],
        request()[:30],
        # A PRIORITY of two bytes: aioice raises struct.error.
        bytes.fromhex("000100082112a442") + bytes(12) + bytes.fromhex("0024000200000000"),
        # No such method.
        bytes.fromhex("00ff00002112a442") + bytes(12),
        # USERNAME is not UTF-8.
        bytes.fromhex("000100082112a442") + bytes(12) + bytes.fromhex("00060004fffefdfc"),
    ],
    # Their bytes are no names: some are random, and each process of a run must know the same tests.
    ids=range(8),
)
def test_what_is_no_check_is_none(data: bytes):
    assert read_check(data) is None


def test_a_certificate_is_our_own():
    one, two = Identity(), Identity()
    assert one.fingerprint != two.fingerprint
    assert len(one.fingerprint) == 95


def test_nothing_heavy_is_imported_with_rooms_or_the_server():
    heavy = ("aiortc", "av", "OpenSSL", "aioice", "pylibsrtp")
    code = (
        "import sys, hearth.server, hearth.sfu.room\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "[]"
