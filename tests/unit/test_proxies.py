"""Whose word is taken for where a request comes from."""

import pytest
from multidict import CIMultiDict

from hearth.net.proxies import Proxies, counted_as, is_here, plain

TRUSTED = ("10.0.0.0/8", "192.0.2.1", "2001:db8::/32", "unix")
CLIENTS = {
    "no proxy": ("203.0.113.7", ["198.51.100.1"], "203.0.113.7"),
    "a proxy": ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
    "a proxy that says nothing": ("10.0.0.1", [], "10.0.0.1"),
    "what the client made up": ("10.0.0.1", ["127.0.0.1, 192.0.2.1, 198.51.100.1"], "198.51.100.1"),
    "two proxies": ("10.0.0.1", ["203.0.113.9, 198.51.100.1, 192.0.2.1"], "198.51.100.1"),
    "two lines": ("10.0.0.1", ["203.0.113.9", "198.51.100.1, 10.9.9.9"], "198.51.100.1"),
    "only proxies": ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
    "no address": ("10.0.0.1", ["198.51.100.1, unknown"], "10.0.0.1"),
    "no address behind a proxy": ("10.0.0.1", ["198.51.100.1, _hidden, 10.0.0.2"], "10.0.0.2"),
    "an empty one": ("10.0.0.1", [""], "10.0.0.1"),
    "a Unix socket": ("", ["198.51.100.1"], "198.51.100.1"),
    "with a port": ("10.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
    "IPv6": ("2001:db8::1", ["2001:DB9:0::5"], "2001:db9::5"),
    "IPv6 with a port": ("10.0.0.1", ["[2001:db9::5]:80"], "2001:db9::5"),
    "IPv4 as IPv6": ("10.0.0.1", ["::ffff:198.51.100.1"], "198.51.100.1"),
    "a zone": ("10.0.0.1", ["fe80::1%eth0"], "fe80::1"),
}


@pytest.mark.parametrize("name", CLIENTS)
def test_client(name: str):
    peer, lines, client = CLIENTS[name]
    headers = CIMultiDict(("x-forwarded-for", line) for line in lines)
    assert Proxies(TRUSTED).client(peer, headers) == client


def test_nobody_is_believed_without_the_setting():
    headers = CIMultiDict({"X-Forwarded-For": "198.51.100.1", "X-Forwarded-Proto": "https"})
    headers["X-Forwarded-Host"] = "evil.example"
    for peer in ("127.0.0.1", "::1", "10.0.0.1", ""):
        assert Proxies().client(peer, headers) == peer
        assert Proxies().origin(peer, headers, "http", "here:80") == "http://here:80"
        assert Proxies(["192.0.2.1"]).origin(peer, headers, "http", "here") == "http://here"


ORIGINS = [
    ({}, "http://here"),
    ({"X-Forwarded-Proto": "https"}, "https://here"),
    ({"X-Forwarded-Proto": "WSS", "X-Forwarded-Host": "chat.example.org"},
     "https://chat.example.org"),
    ({"X-Forwarded-Proto": "http, https"}, "https://here"),
    ({"X-Forwarded-Proto": "gopher", "X-Forwarded-Host": "a/b"}, "http://here"),
    ({"X-Forwarded-Host": "made.up, chat.example.org:8443"}, "http://chat.example.org:8443"),
    ({"X-Forwarded-Host": "[2001:db8::1]:80"}, "http://[2001:db8::1]:80"),
    ({"X-Forwarded-Host": "user@host"}, "http://here"),
]  # fmt: skip


@pytest.mark.parametrize(("headers", "origin"), ORIGINS)
def test_origin(headers: dict[str, str], origin: str):
    assert Proxies(TRUSTED).origin("10.0.0.1", CIMultiDict(headers), "http", "here") == origin


@pytest.mark.parametrize("host", ["\udcff", "a/b", "user@host", "here:", "", "a b"])
def test_a_host_that_is_none(host: str):
    assert Proxies().origin("192.0.2.1", CIMultiDict(), "http", host) == "http://localhost"


def test_addresses():
    assert plain("::ffff:192.0.2.1") == "192.0.2.1"
    assert plain("fe80::1%eth0") == "fe80::1"
    assert plain(None) == plain("") == ""
    assert counted_as("192.0.2.1") == "192.0.2.1"
    assert counted_as("2001:db8:0:1::5") == counted_as("2001:db8:0:1:ffff::") == "2001:db8:0:1::/64"
    assert counted_as("2001:db8:0:2::5") != counted_as("2001:db8:0:1::5")
    assert all(map(is_here, ("127.0.0.1", "127.9.9.9", "::1", "")))
    assert not any(map(is_here, ("192.0.2.1", "::", "nonsense", "10.0.0.1")))
