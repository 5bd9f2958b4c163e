"""Relays (TURN) for who reaches the media server by no other way: what they are told of them."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Any

GOOD_S = 3600
"""How long a name and password are good for; what was begun with them goes on."""


class Turn:
    """The relays that this server may use, by the secret that it shares with them."""

    def __init__(self, urls: Sequence[str], secret: str) -> None:
        self._urls = list(urls)
        self._secret = secret.encode()

    def servers(self, user_id: int, wall: float) -> list[dict[str, Any]]:
        """RTCIceServer objects for one person (draft-uberti-behave-turn-rest-00): the name says
        until when they are good."""
        if not self._urls:
            return []
        name = f"{int(wall) + GOOD_S}:{user_id}"
        made = hmac.new(self._secret, name.encode(), hashlib.sha1).digest()
        credential = base64.b64encode(made).decode()
        return [{"urls": self._urls, "username": name, "credential": credential}]


def stun_of(turn: Sequence[str], asked: str | None) -> list[str]:
    """The addresses (RFC 7064) of servers that tell browsers their public one: the relays, which do
    that too, but those by TLS; and the one that this server asks itself."""
    named = [f"stun:{url[5:].partition('?')[0]}" for url in turn if url.startswith("turn:")]
    return list(dict.fromkeys([*named, *([f"stun:{asked}"] if asked else [])]))
