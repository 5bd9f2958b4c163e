"""Connectivity checks: who is still heard when many are made in one host's name."""

from aioice import stun

from hearth.sfu.icelite import CHECKS_AT_ONCE, CHECKS_PER_S, Agent, IceLite

HERE, THERE, GARBAGE = ("192.0.2.1", 4000), ("192.0.2.1", 4001), ("192.0.2.1", 9)


def check(agent: Agent) -> bytes:
    """A browser's check."""
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    message.attributes["USERNAME"] = f"{agent.ufrag}:{agent.remote}"
    message.attributes["PRIORITY"] = 1
    message.attributes["ICE-CONTROLLING"] = 1
    message.add_message_integrity(agent.password.encode())
    return bytes(message)


def test_a_flood_in_a_hosts_name_silences_nobody_who_is_connected() -> None:
    ice = IceLite()
    agent, other = ice.agent("ann", "remote"), ice.agent("bob", "remote")
    assert ice.take(check(agent), HERE, 0.0) is not None
    for _ in range(int(CHECKS_AT_ONCE)):
        assert ice.take(b"\x00\x01" + bytes(30), GARBAGE, 0.0) is None
    # Whoever is new at that host must wait.
    assert ice.take(check(other), THERE, 0.0) is None
    assert ice.take(check(agent), HERE, 0.0) is not None
    assert ice.take(check(other), THERE, 1.0) is not None


def test_many_behind_one_host_are_heard() -> None:
    ice = IceLite()
    agents = [ice.agent(n, "remote") for n in range(400)]
    now = 0.0
    for n, agent in enumerate(agents):
        now += 1 / CHECKS_PER_S
        assert ice.take(check(agent), ("192.0.2.1", 5000 + n), now) is not None
    for _ in range(8):
        now += 2.5
        for n, agent in enumerate(agents):
            assert ice.take(check(agent), ("192.0.2.1", 5000 + n), now) is not None


def test_an_address_may_not_make_too_many() -> None:
    ice = IceLite()
    agent = ice.agent("ann", "remote")
    answered = sum(ice.take(check(agent), HERE, 0.0) is not None for _ in range(1000))
    assert answered == CHECKS_AT_ONCE + 1
