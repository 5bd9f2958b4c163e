"""One-time codes of an authenticator (RFC 6238 over RFC 4226; six digits, SHA-1, 30 seconds).

These are what every authenticator app makes when it is told nothing else.
"""

import base64
import binascii
import hashlib
import hmac

PERIOD_S = 30
DIGITS = 6
LEAST_BYTES, MOST_BYTES = 10, 64


def secret_of(text: str) -> bytes | None:
    """The secret that Base32 text stands for, in groups or not; None for what is none."""
    bare = "".join(text.split()).replace("-", "").rstrip("=").upper()
    try:
        secret = base64.b32decode(bare + "=" * (-len(bare) % 8))
    except (binascii.Error, ValueError):
        return None
    return secret if LEAST_BYTES <= len(secret) <= MOST_BYTES else None


def code_at(secret: bytes, step: int, digits: int = DIGITS) -> str:
    """The code of one step of time (RFC 4226, 5.3)."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), hashlib.sha1)
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def step_of(secret: bytes, code: str, wall: float, after: int = 0) -> int | None:
    """The step above `after` that `code` is of, now or one beside it; None for a wrong code.

    Whoever keeps the step as the next `after` takes no code twice. `wall` is epoch seconds.
    """
    now = int(wall) // PERIOD_S
    found: int | None = None
    for step in (now - 1, now, now + 1):
        # Each is compared whatever came of the others: the time taken says nothing.
        same = hmac.compare_digest(code_at(secret, step).encode(), code.encode())
        if same and step > after:
            found = step
    return found
