"""What is used of aiortc, aioice and pylibsrtp beyond their public faces, in this one place.

Their versions are pinned; `tests/sfu/test_borrowed.py` says what each name must do. Importing this
loads OpenSSL, libsrtp and, through aiortc, PyAV: 60 MB, paid when somebody first enters a voice
channel with a browser.
"""
# pyright: reportMissingTypeStubs=false, reportPrivateUsage=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false

import struct
from collections.abc import Callable
from typing import Any, NamedTuple

from aioice import stun
from aiortc.rtcdtlstransport import (
    SRTP_AEAD_AES_128_GCM,
    SRTP_AEAD_AES_256_GCM,
    SRTP_AES128_CM_SHA1_80,
    X509_DIGEST_ALGORITHMS,
    RTCCertificate,
    certificate_digest,
)
from OpenSSL import SSL
from pylibsrtp import Policy, Session
from pylibsrtp._binding import ffi as _ffi
from pylibsrtp._binding import lib as _lib

ffi: Any = _ffi
"""cffi of pylibsrtp: makes the memory that libsrtp works in."""

srtp_protect: Callable[[Any, Any, Any], int] = _lib.srtp_protect
srtp_unprotect: Callable[[Any, Any, Any], int] = _lib.srtp_unprotect
srtp_protect_rtcp: Callable[[Any, Any, Any], int] = _lib.srtp_protect_rtcp
srtp_unprotect_rtcp: Callable[[Any, Any, Any], int] = _lib.srtp_unprotect_rtcp
"""(session, packet, length pointer) → 0, and the packet is changed where it lies; else why not."""

WINDOW = 1024
"""Packets that may come late or twice and be told apart (RFC 3711, section 3.3.2)."""


class Profile(NamedTuple):
    """How a peer's packets are sealed."""

    name: bytes
    libsrtp: int
    key_bytes: int
    salt_bytes: int
    tag_bytes: int


PROFILES = tuple(
    Profile(
        each.openssl_profile, each.libsrtp_profile, each.key_length, each.salt_length, tag_bytes
    )
    # The cheapest first: the server's order decides.
    for each, tag_bytes in (
        (SRTP_AEAD_AES_128_GCM, 16),
        (SRTP_AEAD_AES_256_GCM, 16),
        (SRTP_AES128_CM_SHA1_80, 10),
    )
)


class Identity:
    """A certificate of our own, and what its connections are made with."""

    def __init__(self) -> None:
        made = RTCCertificate.generateCertificate()
        self.expires = made.expires
        self.fingerprint = next(
            each.value for each in made.getFingerprints() if each.algorithm == "sha-256"
        )
        self.context: SSL.Context = made._create_ssl_context(
            [SRTP_AEAD_AES_128_GCM, SRTP_AEAD_AES_256_GCM, SRTP_AES128_CM_SHA1_80]
        )


def fingerprints_match(connection: SSL.Connection, wanted: list[tuple[str, str]]) -> bool:
    """Whether the other side's certificate has every fingerprint (algorithm, value) that we know
    how to make, and at least one (RFC 8122, section 5)."""
    certificate = connection.get_peer_certificate(as_cryptography=True)
    known = [each for each in wanted if each[0].lower() in X509_DIGEST_ALGORITHMS]
    return (
        certificate is not None
        and bool(known)
        and all(
            certificate_digest(certificate, algorithm.lower()) == value.upper()
            for algorithm, value in known
        )
    )


class Srtp:
    """One direction of SRTP with one peer; any number of SSRCs."""

    def __init__(self, profile: Profile, key: bytes, *, inbound: bool) -> None:
        policy = Policy(
            key=key,
            ssrc_type=Policy.SSRC_ANY_INBOUND if inbound else Policy.SSRC_ANY_OUTBOUND,
            srtp_profile=profile.libsrtp,
        )
        policy.allow_repeat_tx = True
        policy.window_size = WINDOW
        self.session = Session(policy)
        self.context: Any = self.session._srtp[0]
        """What the four functions above take. Good as long as this object is."""
        self.tag_bytes = profile.tag_bytes

    def forget(self, ssrc: int) -> None:
        """Free what is kept of an SSRC; nothing happens when it never came."""
        _lib.srtp_remove_stream(self.context, struct.unpack("=I", struct.pack("!I", ssrc))[0])


class Check(NamedTuple):
    """A connectivity check (RFC 8445, section 7.2.2) that is not proven yet."""

    local: str
    remote: str
    nominates: bool
    message: stun.Message


def read_check(data: bytes) -> Check | None:
    """The binding request in a datagram; None when it is anything else or malformed."""
    try:
        message = stun.parse_message(data)
        local, _, remote = message.attributes["USERNAME"].partition(":")
    except (ValueError, KeyError, struct.error):
        return None
    if (
        message.message_class != stun.Class.REQUEST
        or message.message_method != stun.Method.BINDING
        or "ICE-CONTROLLED" in message.attributes
    ):
        return None
    return Check(local, remote, "USE-CANDIDATE" in message.attributes, message)


def ask_address() -> tuple[bytes, bytes]:
    """A request for the address that a STUN server sees us by, and its number."""
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    return message.transaction_id, bytes(message)


def read_address(data: bytes) -> tuple[bytes, str, int] | None:
    """The number of the request that is answered, and the address; None when it is no answer."""
    try:
        message = stun.parse_message(data)
        host, port = message.attributes["XOR-MAPPED-ADDRESS"]
    except (ValueError, KeyError, struct.error):
        return None
    if message.message_class != stun.Class.RESPONSE:
        return None
    return message.transaction_id, host, port


def proven(check: Check, password: str) -> bool:
    """Whether the check was made by who knows the password that we gave."""
    return check.message.check_message_integrity(password.encode())


def answer_check(check: Check, password: str, host: str, port: int) -> bytes:
    """The success response to a proven check that came from `host` and `port`."""
    response = stun.Message(
        message_method=stun.Method.BINDING,
        message_class=stun.Class.RESPONSE,
        transaction_id=check.message.transaction_id,
        attributes={"XOR-MAPPED-ADDRESS": (host, port)},
    )
    response.add_message_integrity(password.encode())
    return bytes(response)
