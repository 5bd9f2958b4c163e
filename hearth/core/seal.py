"""What only the data directory's key opens: sealed secrets, signed tickets, keyed hashes.

The key is 32 random bytes. Sealing is a keystream of HMAC-SHA256 in counter mode under a random
nonce, with a tag over all of it (encrypt, then authenticate), each use with a key of its own.
"""

import base64
import binascii
import hashlib
import hmac

NONCE_BYTES = 16
TAG_BYTES = 32


def _derived(key: bytes, use: str) -> bytes:
    return hmac.digest(key, use.encode(), hashlib.sha256)


def keyed(key: bytes, use: str, text: bytes) -> bytes:
    """A hash of `text` that nobody without the key can try guesses against."""
    return hmac.digest(_derived(key, use), text, hashlib.sha256)


def _stream(key: bytes, nonce: bytes, length: int) -> bytes:
    blocks = -(-length // 32)
    made = (hmac.digest(key, nonce + i.to_bytes(4, "big"), hashlib.sha256) for i in range(blocks))
    return b"".join(made)[:length]


def seal(key: bytes, use: str, plain: bytes, nonce: bytes) -> bytes:
    """`plain` so that only the key opens it; `nonce` must be random and new."""
    stream = _stream(_derived(key, f"{use} stream"), nonce, len(plain))
    body = nonce + bytes(a ^ b for a, b in zip(plain, stream, strict=True))
    return body + keyed(key, f"{use} tag", body)


def unseal(key: bytes, use: str, sealed: bytes) -> bytes | None:
    """What was sealed; None where it was not with this key for this use, or was changed."""
    body, tag = sealed[:-TAG_BYTES], sealed[-TAG_BYTES:]
    if len(sealed) < NONCE_BYTES + TAG_BYTES:
        return None
    if not hmac.compare_digest(keyed(key, f"{use} tag", body), tag):
        return None
    nonce, hidden = body[:NONCE_BYTES], body[NONCE_BYTES:]
    stream = _stream(_derived(key, f"{use} stream"), nonce, len(hidden))
    return bytes(a ^ b for a, b in zip(hidden, stream, strict=True))


def ticket(key: bytes, use: str, plain: bytes, nonce: bytes) -> str:
    """`seal` as text that fits into JSON and URLs."""
    return base64.urlsafe_b64encode(seal(key, use, plain, nonce)).rstrip(b"=").decode()


def opened(key: bytes, use: str, text: str) -> bytes | None:
    """What a ticket says; None for one that is not ours."""
    try:
        raw = base64.urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None
    return unseal(key, use, raw)
