"""Relays (TURN) for who reaches the media server by no other way: what they are told of them."""

import base64
import hashlib
import hmac
from collections.abc import Sequence

from hearth.core.voice_ports import IceServer

GOOD_S = 3600
"""How long a name and password are good for; what was begun with them goes on."""

TRY_S = 300
"""The same for who only tries the ways; clocks that are minutes apart do no harm."""

GUEST = "guest"
"""Who is not logged in: all of them together have one person's share of a relay."""


class Turn:
    """The relays that this server may use, by the secret that it shares with them."""

    def __init__(self, urls: Sequence[str], secret: str) -> None:
        self._urls = tuple(urls)
        self._secret = secret.encode()

    def servers(self, who: int | str, wall: float, good_s: int = GOOD_S) -> list[IceServer]:
        """What one person may use from `wall` on, in one piece; nothing where there are none."""
        if not self._urls:
            return []
        name = f"{int(wall) + good_s}:{who}"
        made = hmac.new(self._secret, name.encode(), hashlib.sha1).digest()
        return [IceServer(self._urls, name, base64.b64encode(made).decode())]


def stun_of(turn: Sequence[str], asked: str | None) -> list[str]:
    """The addresses (RFC 7064) of servers that tell browsers their public one: the relays, which do
    that too, but those by TLS; and the one that this server asks itself."""
    named = [f"stun:{url[5:].partition('?')[0]}" for url in turn if url.startswith("turn:")]
    return list(dict.fromkeys([*named, *([f"stun:{asked}"] if asked else [])]))
