"""The certificate that TLS is spoken with: loaded, and loaded again when its files change."""

import logging
import os
import ssl
from pathlib import Path

logger = logging.getLogger(__name__)


class BadCertificate(Exception):
    """A certificate or key that cannot be used; its text is one sentence."""


class Certificate:
    """A certificate and its key on disk; `context` always has the last good ones.

    TLS 1.2 and newer. Raises BadCertificate.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self.certificate = certificate
        self.key = key
        self._seen = self._stamp()
        self._try()
        self.context = _context()
        self.context.load_cert_chain(certificate, key, _no_password)

    def refresh(self) -> None:
        """Take new files, if there are; new handshakes see them. Bad ones are logged, once."""
        seen = self._stamp()
        if seen == self._seen:
            return
        try:
            # A chain that is loaded before its key turns out to be another's would stay: hence a
            # rehearsal.
            self._try()
            self.context.load_cert_chain(self.certificate, self.key, _no_password)
        except (BadCertificate, OSError) as error:
            logger.error("certificate not taken reason=%s", error)
        else:
            logger.info("certificate taken")
        self._seen = seen

    def _try(self) -> None:
        try:
            _context().load_cert_chain(self.certificate, self.key, _no_password)
        except ssl.SSLError as error:
            reason = (error.reason or "no PEM").replace("_", " ").lower()
            raise BadCertificate(
                f"The certificate {self.certificate} with the key {self.key} cannot be used: "
                f"{reason}."
            ) from None
        except OSError as error:
            raise BadCertificate(
                f"The certificate {self.certificate} or its key {self.key} cannot be read: "
                f"{error.strerror}."
            ) from None

    def _stamp(self) -> tuple[tuple[int, int, int] | None, ...]:
        """What changes when the files do; links are followed."""
        return tuple(_stamp(file) for file in (self.certificate, self.key))


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.set_alpn_protocols(["http/1.1"])
    return context


def _no_password() -> str:
    """Else OpenSSL would ask at the terminal."""
    return ""
