"""The measuring tools count right: the load generator against its own floor and the plain peer."""

import asyncio
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hearth.commands.settings import settings
from hearth.server import opened

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
    for name in ("harness", "peers", "seed", "fill", "year"):
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


@pytest.mark.usefixtures("perf")
def test_a_world_is_made_on_top_of_a_year(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import seed
    import year

    monkeypatch.setenv("HEARTH_PERF_CACHE", str(tmp_path / "cache"))
    lived = year.lived(quick=True)
    assert (lived.files, len(lived.channels), len(lived.users)) == (100, year.CHANNELS, 40)
    assert year.lived(quick=True) == lived
    monkeypatch.setattr(seed, "under", lived.data)
    made = seed.make(tmp_path / "world" / "data", 3, 2)
    config = settings(None, str(made.data), "127.0.0.1:0")

    async def look() -> None:
        async with opened(config) as world:
            assert await world.check() == []
            assert world.search is not None
            assert (await world.search.progress()).built
            assert await world.directory.guild_ids() == sorted((made.guild, lived.guild))
            last = world.log.last_id(lived.channels[0])
            assert last is not None

    asyncio.run(look())
    blobs = [path for path in (made.data / "blobs").rglob("*") if path.is_file()]
    assert len(blobs) >= lived.files
    assert {path.stat().st_nlink for path in blobs} == {2}
