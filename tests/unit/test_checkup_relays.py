"""What `hearth doctor` makes of what came of relays, and how their URLs are read."""

import pytest

from hearth.commands.checkup_relays import Tried, check_relays
from hearth.core.voice_ports import Route
from hearth.sfu.probe_relay import Place, Trial, place

NEAR = "turn:192.0.2.7:3478"
ROUTES = [Route("udp", "203.0.113.7", 8080), Route("tcp", "203.0.113.8", 8080)]


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("turn:relay.example.org", Place("relay.example.org", 3478, "udp", False)),
        ("turn:192.0.2.7:99?transport=tcp", Place("192.0.2.7", 99, "tcp", False)),
        ("turns:relay.example.org", Place("relay.example.org", 5349, "tcp", True)),
        ("turns:[2001:db8::7]:443?transport=tcp", Place("2001:db8::7", 443, "tcp", True)),
        ("turn:[2001:db8::7]", Place("2001:db8::7", 3478, "udp", False)),
    ],
)
def test_a_url(url: str, found: Place) -> None:
    assert place(url) == found


@pytest.mark.parametrize(
    ("trial", "late", "state", "text"),
    [
        (Trial("ok", ms=7.4), False, "ok", "and back (7 ms)"),
        (Trial("unreachable", "no answer came"), False, "warning", "no answer came"),
        (Trial("unreachable", "name or service not known"), False, "trouble", "not known"),
        (Trial("untrusted", "certificate has expired"), False, "trouble", "has expired"),
        (Trial("refused", "401"), False, "trouble", "another secret"),
        (Trial("refused", "401"), True, "trouble", "clock is ahead"),
        (Trial("odd", "486 Allocation Quota Reached"), False, "trouble", "Quota Reached"),
        (Trial("shut", "403 Forbidden IP"), False, "trouble", "media at 203.0.113.7: 403"),
        (Trial("lost"), False, "trouble", "no packet comes back"),
    ],
)
def test_what_came_of_it(trial: Trial, late: bool, state: str, text: str) -> None:
    (found,) = check_relays([Tried(NEAR, trial, late)], ROUTES, set())
    assert (found.subject, found.state) == ("relay", state)
    assert text in found.text
    assert bool(found.todo) == (state != "ok")


def test_what_is_this_machines_own_must_answer() -> None:
    trial = Trial("unreachable", "no answer came")
    assert check_relays([Tried(NEAR, trial)], ROUTES, {"192.0.2.7"})[0].state == "trouble"


def test_browsers_know_no_tls_by_udp() -> None:
    (found,) = check_relays([Tried("turns:a?transport=udp", Trial("ok"))], ROUTES, set())
    assert found.state == "trouble"


@pytest.mark.parametrize(
    ("hosts", "state"), [(("10.255.255.253",), "trouble"), (("8.8.8.8",), "warning")]
)
def test_where_else_it_leads(hosts: tuple[str, ...], state: str) -> None:
    first, more = check_relays([Tried(NEAR, Trial("ok", elsewhere=hosts))], ROUTES, set())
    assert (first.state, more.state) == ("ok", state)
    assert hosts[0] in more.text
