"""What people are told of relays."""

import base64
import hashlib
import hmac

from hearth.net.voice.turn import GOOD_S, GUEST, TRY_S, Turn

URLS = ("turn:turn.example.org:3478?transport=udp", "turns:turn.example.org:443?transport=tcp")


def test_a_name_says_until_when_it_is_good_and_its_password_proves_it():
    (server,) = Turn(URLS, "a secret").servers(7, 1_000_000.9)
    assert server.urls == URLS
    assert server.username == f"{1_000_000 + GOOD_S}:7"
    proof = hmac.digest(b"a secret", server.username.encode(), hashlib.sha1)
    assert base64.b64decode(server.credential) == proof
    (other,) = Turn(URLS, "another").servers(7, 1_000_000.9)
    assert other.credential != server.credential
    (guest,) = Turn(URLS, "a secret").servers(GUEST, 1_000_000.9, TRY_S)
    assert guest.username == f"{1_000_000 + TRY_S}:guest"


def test_without_relays_nobody_is_told_of_any():
    assert Turn((), "").servers(7, 0.0) == []
