"""DTLS 1.2 as the server's side, without I/O: datagrams in, datagrams and keys out (RFC 5764)."""

from typing import NamedTuple

from OpenSSL import SSL

from hearth.sfu.borrowed import PROFILES, Identity, Profile, fingerprints_match

DATAGRAM = 1200
"""The most bytes of handshake that are sent in one datagram."""

HANDSHAKE_S = 10.0
_RECORD_HEADER = 13
_EXPORTER = b"EXTRACTOR-dtls_srtp"


class Keys(NamedTuple):
    """What a handshake agreed on."""

    profile: Profile
    receive: bytes
    send: bytes


class Dtls:
    """One handshake. `keys` is set when it is done, `failed` says why it never will be."""

    def __init__(self, identity: Identity, fingerprints: list[tuple[str, str]], now: float) -> None:
        self._fingerprints = fingerprints
        self._connection = SSL.Connection(identity.context, None)
        self._connection.set_accept_state()
        self._connection.set_ciphertext_mtu(DATAGRAM)
        self._began = now
        self._wake: float | None = None
        self.keys: Keys | None = None
        self.failed = ""
        self.ended = False
        """The other side said that it closes."""

    def take(self, data: bytes, now: float) -> list[bytes]:
        """One datagram of the other side; what to answer."""
        if self.failed or self.ended:
            return []
        self._connection.bio_write(data)
        return self._advance(now)

    def timer(self, now: float) -> list[bytes]:
        """Call it every few tens of milliseconds until there are keys: what to send again."""
        if self.keys is not None or self.failed:
            return []
        if now - self._began > HANDSHAKE_S:
            self.failed = "handshake took too long"
            return []
        if self._wake is None or now < self._wake:
            return []
        try:
            self._connection.DTLSv1_handle_timeout()
        except SSL.Error:
            self.failed = "handshake failed"
            return []
        self._set_wake(now)
        return self._flush()

    def end(self) -> list[bytes]:
        """Say that we close."""
        if self.keys is None or self.failed or self.ended:
            return []
        try:
            self._connection.shutdown()
        except SSL.Error:
            return []
        return self._flush()

    def _advance(self, now: float) -> list[bytes]:
        try:
            if self.keys is None:
                self._connection.do_handshake()
                self._agree()
            else:
                # Nothing but alerts and repeated flights is expected here.
                self._connection.recv(2048)
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            self.ended = True
        except SSL.Error:
            if self.keys is None:
                self.failed = "handshake failed"
        if not self.failed:
            self._set_wake(now)
        return self._flush()

    def _agree(self) -> None:
        if not fingerprints_match(self._connection, self._fingerprints):
            self.failed = "fingerprint does not match"
            return
        name = self._connection.get_selected_srtp_profile()
        profile = next((each for each in PROFILES if each.name == name), None)
        if profile is None:
            self.failed = "no SRTP profile in common"
            return
        key, salt = profile.key_bytes, profile.salt_bytes
        made = self._connection.export_keying_material(_EXPORTER, 2 * (key + salt))
        keys, salts = made[: 2 * key], made[2 * key :]
        self.keys = Keys(
            profile,
            receive=keys[:key] + salts[:salt],
            send=keys[key:] + salts[salt:],
        )

    def _set_wake(self, now: float) -> None:
        left = self._connection.DTLSv1_get_timeout()
        self._wake = None if left is None else now + left

    def _flush(self) -> list[bytes]:
        """What OpenSSL wrote, as datagrams: it forgets where one ended, records do not."""
        written = bytearray()
        while True:
            try:
                written += self._connection.bio_read(65536)
            except SSL.WantReadError:
                break
        out: list[bytes] = []
        start = at = 0
        while at + _RECORD_HEADER <= len(written):
            end = at + _RECORD_HEADER + int.from_bytes(written[at + 11 : at + 13], "big")
            if end - start > DATAGRAM and at > start:
                out.append(bytes(written[start:at]))
                start = at
            at = end
        if at > start:
            out.append(bytes(written[start:at]))
        return out
