"""Checks of who only tries the way: answered by name and for a while, and nothing is kept."""

from aioice import stun

from hearth.core.voice_ports import CHECK_S
from hearth.sfu.icelite import IceLite
from hearth.sfu.udp import Address

FAR: Address = ("198.51.100.7", 4321)


def request(ufrag: str, password: str) -> bytes:
    """A check as browsers make it, without what it could do without."""
    made = stun.Message(
        stun.Method.BINDING,
        stun.Class.REQUEST,
        attributes={"USERNAME": f"{ufrag}:x", "PRIORITY": 1, "ICE-CONTROLLING": 1},
    )
    made.add_message_integrity(password.encode())
    return bytes(made)


def test_it_is_answered_and_forgotten() -> None:
    ice = IceLite()
    ufrag, password = ice.check(now=100.0)
    asked = request(ufrag, password)
    found = ice.take(asked, FAR, 100.0 + CHECK_S - 1)
    assert found is not None
    agent, answer = found
    assert agent is None
    assert len(answer) < len(asked)
    said = stun.parse_message(answer)
    assert said.message_class is stun.Class.RESPONSE
    assert said.attributes["XOR-MAPPED-ADDRESS"] == FAR
    assert said.check_message_integrity(password.encode())
    assert ice.by_address == {}
    assert ice.by_ufrag == {}


def test_silence_for_all_others() -> None:
    ice, other = IceLite(), IceLite()
    ufrag, password = ice.check(now=100.0)
    late = 101.0 + CHECK_S
    assert ice.take(request(ufrag, password), FAR, late) is None
    # Its time cannot be bettered, nor its name be made up.
    _, hour, dice = ufrag.split("+")
    for name in (f"+{int(hour, 16) + 99:x}+{dice}", f"++{dice}", f"+zz+{dice}", f"{ufrag}+", "+"):
        assert ice.take(request(name, password), FAR, 100.0) is None
    assert ice.take(request(ufrag, "0" * 32), FAR, 100.0) is None
    assert ice.take(request(*other.check(now=100.0)), FAR, 100.0) is None
