"""The measuring tools count right: the load generator against its own floor and the plain peer."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PERF = Path(__file__).resolve().parents[2] / "perf"

pytestmark = [
    pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc"),
    pytest.mark.skipif(shutil.which("taskset") is None, reason="needs taskset"),
]


@pytest.fixture
def perf(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The modules of perf/, as its own scripts import them."""
    monkeypatch.syspath_prepend(str(PERF))
    yield
    for name in ("harness", "peers", "seed"):
        sys.modules.pop(name, None)


@pytest.mark.usefixtures("perf")
@pytest.mark.parametrize("peer", ["floor", "plain"])
def test_every_delivery_is_counted(tmp_path: Path, peer: str) -> None:
    import harness
    import peers

    tokens, posts, frame = tmp_path / "tokens", tmp_path / "posts", tmp_path / "frame"
    tokens.write_text("token\n")
    posts.write_text("POST /api/v10/channels/1/messages token\n")
    with peers.floor() as server, harness.Load(server) as load:
        load.open(50, tokens)
        load.run(requests=posts, count=1, expect=50, capture=frame)
    start = {"floor": peers.floor, "plain": peers.plain}[peer]
    with start(frame) as server, harness.Load(server) as load:
        assert load.open(50, tokens)["live"] == 50
        closed = load.run(requests=posts, conns=4, seconds=1, expect=50)
        opened = load.run(requests=posts, conns=4, rate=100, seconds=1, expect=50)
        with pytest.raises(harness.Failed, match="more deliveries"):
            load.run(requests=posts, count=10, expect=49)
    assert closed["messages"] > 0
    assert opened["messages"] == 100
    for answer in (closed, opened):
        assert answer["deliveries"] == answer["delivery"]["count"] == answer["messages"] * 50
        assert answer["status"] == {"200": answer["messages"]}
        assert answer["cpu_us"] > 0
    assert server.child.returncode is not None


@pytest.mark.usefixtures("perf")
def test_figures() -> None:
    import harness

    assert harness.spread([2.0, 1.0, 3.0]) == "2.00 (1.00 to 3.00)"
    assert harness.rounds(2, ["a", "b"]) == [["a", "b"], ["b", "a"]]
    assert 1.0 < harness.upper_bound([1.0, 1.1, 0.95, 1.05]) < 1.2


@pytest.mark.usefixtures("perf")
def test_a_seeded_world_opens(tmp_path: Path) -> None:
    import peers
    import seed

    made = seed.make(tmp_path / "world" / "data", 3, 2)
    with peers.hearth(made.data) as server:
        assert server.ready_seconds > 0
