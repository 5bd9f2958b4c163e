"""The rows about a server that has been in use for a year: search, memory, disk, backup."""

from __future__ import annotations

import http.client
import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import harness
import peers
import seed
import year
from harness import Failed, Load, Server, median, say, spread
from rows import Figure, Scale, loaded, row
from year import Year

from hearth.core.ids import first_id

GOAL_MS = 100.0
QUERIES = 400
"""So many different ones of each kind."""

POSTS_A_SECOND = 200


def copied(scale: Scale) -> tuple[Year, Path]:
    """The year, and a copy of its data to start a server on."""
    made = year.lived(scale.quick)
    data = harness.BUILD / "world" / "data"
    seed.begin(data, made.data)
    return made, data


def lines(name: str, method: str, asked: list[tuple[str, str]]) -> Path:
    """A file of requests for c/load.c; each is a path and a token."""
    place = harness.BUILD / "world" / name
    place.write_text("".join(f"{method} {seed.API}{path} {token}\n" for path, token in asked))
    return place


def posts_in(made: Year, channels: list[int]) -> Path:
    asked = [(f"/channels/{each}/messages", made.owner_token) for each in channels]
    return lines("posts", "POST", asked)


def get(server: Server, path: str, token: str) -> tuple[int, bytes]:
    """One request on a connection of its own."""
    link = http.client.HTTPConnection(server.host, server.port, timeout=60)
    link.request("GET", path, headers={"Authorization": token})
    answer = link.getresponse()
    found = answer.status, answer.read()
    link.close()
    return found


# Search


def kinds(made: Year, dice: random.Random) -> dict[str, Callable[[], dict[str, Any]]]:
    """What is asked for, by kind."""
    words = made.words
    since_ms = int(time.time() * 1000) - year.YEAR_S * 1000

    def frequent() -> str:
        return words[dice.randrange(50)]

    def common() -> str:
        return words[dice.randrange(50, 3000)]

    def rare() -> str:
        return words[dice.randrange(3000, len(words))]

    def between() -> dict[str, int]:
        from_ms = since_ms + dice.randrange(300) * 86_400_000
        return {"min_id": first_id(from_ms), "max_id": first_id(from_ms + 30 * 86_400_000)}

    return {
        "frequent word": lambda: {"content": frequent()},
        "common word": lambda: {"content": common()},
        "rare word": lambda: {"content": rare()},
        "beginning": lambda: {"content": common()[:3]},
        "two words": lambda: {"content": f"{frequent()} {common()}"},
        "three frequent words": lambda: {"content": f"{frequent()} {frequent()} {frequent()}"},
        "phrase": lambda: {"content": f'"{frequent()} {frequent()}"'},
        "ideographs": lambda: {"content": "".join(dice.choices(year.IDEOGRAPHS, k=2))},
        "author": lambda: {"author_id": dice.choice(made.users)},
        "author and word": lambda: {"author_id": dice.choice(made.users), "content": frequent()},
        "mentions": lambda: {"mentions": dice.choice(made.users)},
        "has": lambda: {"has": dice.choice(("image", "file", "link", "embed", "video", "sound"))},
        "has not, word": lambda: {"has": "-link", "content": frequent()},
        "file's ending": lambda: {"attachment_extension": dice.choice(("pdf", "jpg", "zip"))},
        "host": lambda: {"link_hostname": dice.choice(year.HOSTS)},
        "pinned": lambda: {"pinned": "true"},
        "of a month": lambda: {"content": frequent(), **between()},
        "oldest first": lambda: {"content": common(), "sort_order": "asc"},
        "by relevance": lambda: {"content": frequent(), "sort_by": "relevance"},
        "far page": lambda: {"content": frequent(), "offset": dice.randrange(9975)},
        "some channels": lambda: {
            "content": frequent(),
            "channel_id": dice.sample(made.open, min(3, len(made.open))),
        },
        "everything": lambda: {},
    }


def queries(made: Year) -> dict[str, Path]:
    """A file for each kind, and "all" with all kinds in turn. Askers are the owner, who sees all,
    the staff, and members, who see what their roles let them."""
    dice = random.Random(5)
    tokens = made.tokens.read_text().split()
    askers = [made.owner_token, *tokens[: year.STAFF], *tokens[year.STAFF :][:60]]
    found: dict[str, list[tuple[str, str]]] = {}
    for kind, make in kinds(made, dice).items():
        asked = [urlencode(make(), doseq=True) for _ in range(QUERIES)]
        path = f"/guilds/{made.guild}/messages/search"
        found[kind] = [(f"{path}?{each}", dice.choice(askers)) for each in asked]
    one = [f"/channels/{dice.choice(made.open)}/messages/search" for _ in range(QUERIES)]
    words = [dice.choice(made.words[:3000]) for _ in one]
    found["one channel"] = [
        (f"{path}?{urlencode({'content': word})}", dice.choice(askers))
        for path, word in zip(one, words, strict=True)
    ]
    found["all"] = [each for turn in zip(*found.values(), strict=True) for each in turn]
    return {
        kind: lines(f"search-{i}", "GET", asked) for i, (kind, asked) in enumerate(found.items())
    }


def searchable(server: Server, made: Year) -> None:
    """Wait until the index has followed."""
    path = f"{seed.API}/guilds/{made.guild}/messages/search?limit=1"
    status = 0
    for _ in range(300):
        status, text = get(server, path, made.owner_token)
        if status == 200:
            if not json.loads(text)["total_results"]:
                raise Failed("search finds nothing")
            return
        time.sleep(0.2)
    raise Failed(f"search does not become ready: {status}")


@row("year.search", "year.search.kinds", "year.search.ack")
def search(scale: Scale) -> list[Figure]:
    """One connection searches without pause while messages arrive; then kind by kind."""
    made, data = copied(scale)
    asked = queries(made)
    posts = posts_in(made, made.channels)
    names = ("p50", "p95", "p99", "max", "ack", "alone", "rate")
    out: dict[str, list[float]] = {name: [] for name in names}
    by_kind: dict[str, list[float]] = {kind: [] for kind in asked if kind != "all"}
    with loaded(peers.hearth, data) as (server, load):
        searchable(server, made)

        def run(kind: str, seconds: float) -> dict[str, Any]:
            side: dict[str, Any] = {"side": asked[kind], "side_conns": 1} if kind else {}
            answer = load.run(
                requests=posts, conns=4, rate=POSTS_A_SECOND, seconds=seconds, size=120, **side
            )
            if answer["status"].keys() != {"200"}:
                raise Failed(f"some were answered otherwise: {answer['status']}")
            return answer

        run("all", scale.of(5, 1))
        for i in range(scale.rounds):
            out["alone"].append(run("", scale.of(5, 1))["ack"]["p99"])
            answer = run("all", scale.of(20, 3))
            for name in ("p50", "p95", "p99", "max"):
                out[name].append(answer["side"][name])
            out["ack"].append(answer["ack"]["p99"])
            out["rate"].append(answer["side"]["count"] / answer["seconds"])
            for kinds in harness.rounds(i + 1, list(by_kind))[i:]:
                for kind in kinds:
                    by_kind[kind].append(run(kind, scale.of(2, 1))["side"]["p95"])
            say("  round {}: p50 {:.1f}, p95 {:.1f}, p99 {:.1f}, most {:.1f} ms".format(
                i + 1, *(out[name][-1] for name in ("p50", "p95", "p99", "max"))
            ))  # fmt: skip
    slowest = sorted(((median(v), k) for k, v in by_kind.items()), reverse=True)
    shown = ", ".join(f"{kind} {ms:.0f}" for ms, kind in slowest[:5])
    size = f"{made.messages:,} messages"
    beside = f"while {POSTS_A_SECOND} messages a second arrive"
    result = (
        f"{spread(out['p95'], 1)}; median {median(out['p50']):.1f}, p99 {median(out['p99']):.1f}, "
        f"{median(out['rate']):.0f} a second"
    )
    return [
        Figure(
            "year.search",
            f"a search over REST of {size}, {beside}, from request to reply, p95, ms",
            result,
            "< 100",
            median(out["p95"]) < GOAL_MS,
            out,
        ),
        Figure(
            "year.search.kinds",
            "the slowest kinds of search there, p95, ms",
            shown,
            "",
            None,
            dict(by_kind),
        ),
        Figure(
            "year.search.ack",
            "ack p99 of those messages meanwhile, ms",
            f"{spread(out['ack'], 1)}; {spread(out['alone'], 1)} while nobody searches",
            "",
            None,
        ),
    ]


# Memory and disk


def warm(server: Server, load: Load, made: Year, scale: Scale) -> None:
    """What 200 people do in an hour: 3,600 messages to all, pages, searches, files."""
    dice = random.Random(6)
    tokens = made.tokens.read_text().split()
    load.open(len(tokens), made.tokens)
    pages = [(f"/channels/{dice.choice(made.open)}/messages?limit=50", dice.choice(tokens))
             for _ in range(900)]  # fmt: skip
    far = [
        (f"/channels/{dice.choice(made.open)}/messages?limit=50&before={before}", token)
        for before in (
            first_id(int((time.time() - dice.random() * year.YEAR_S) * 1000)) for _ in range(300)
        )
        for token in dice.sample(tokens, 1)
    ]
    looked = Path(queries(made)["all"]).read_text().splitlines()[:300]
    side = lines("side", "GET", dice.sample(pages + far, len(pages + far)))
    side.write_text(side.read_text() + "".join(f"{each}\n" for each in looked))
    posts = posts_in(made, made.open)
    load.run(
        requests=posts, conns=4, rate=60, seconds=scale.of(60, 3), expect=len(tokens), size=120,
        side=side, side_conns=2,
    )  # fmt: skip
    fetched = 0
    for channel in made.open:
        path = f"{seed.API}/guilds/{made.guild}/messages/search?has=file&channel_id={channel}"
        status, text = get(server, path, dice.choice(tokens))
        if status != 200:
            raise Failed(f"a search for files: {status}")
        for (message,) in json.loads(text)["messages"]:
            for file in message["attachments"]:
                fetched += 1
                for kind in ("url", "proxy_url"):
                    at = "/" + file[kind].split("/", 3)[3]
                    if kind == "proxy_url":
                        if "width" not in file:
                            continue
                        at += "&width=320&height=240"
                    status, _ = get(server, at, tokens[0])
                    if status != 200:
                        raise Failed(f"GET {at.partition('?')[0]}: {status}")
    say(f"  {fetched} files fetched")


@row("year.rss.start", "year.rss.used", "year.disk")
def use(scale: Scale) -> list[Figure]:
    """Memory after the start, and once people were there; what it takes on the disk."""
    made, data = copied(scale)
    with loaded(peers.hearth, data) as (server, load):
        searchable(server, made)
        time.sleep(scale.of(10, 1))
        started = server.rss_bytes() / 1e6
        warm(server, load, made, scale)
        load.ask("idle", 60, seconds=scale.of(20, 1))
        used = server.rss_bytes() / 1e6
        own = harness.rss_bytes(server.pid, "RssAnon") / 1e6
    parts = {
        name: sum(each.stat().st_blocks * 512 for each in paths)
        for name, paths in (
            ("messages", [data / "messages" / "data.mdb"]),
            ("metadata", [*data.glob("metadata.db*")]),
            ("search", [*data.glob("search.db*")]),
            ("files", [each for each in (data / "blobs").rglob("*") if each.is_file()]),
        )
    }
    disk = ", ".join(f"{name} {size / 1e6:.0f}" for name, size in parts.items())
    size = f"{made.messages:,} messages and {made.files:,} files"
    people = f"{len(made.users)} people online"
    return [
        Figure(
            "year.rss.start",
            f"RSS after the start, {size}, MB",
            f"{started:.1f}",
            "< 90",
            started < 90,
        ),
        Figure(
            "year.rss.used",
            f"RSS after an hour's use in a minute, {people}, MB",
            f"{used:.1f}, of which {own:.1f} are not pages of files, as the message log's are",
            "",
            None,
        ),
        Figure("year.disk", "disk, MB", disk, "", None, dict(parts)),
    ]


# Backup


RESTORED_S = 300.0


def admin(data: Path, *words: str) -> subprocess.Popen[str]:
    """A command of the operator, begun on the load core."""
    command = ["taskset", "-c", str(harness.LOAD_CORE)]
    command += [str(Path(sys.executable).parent / "hearth"), "admin", "--data", str(data), *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def done(child: subprocess.Popen[str]) -> str:
    """What it printed; Failed where it did."""
    out, said = child.communicate(timeout=900)
    if child.returncode:
        raise Failed(f"{child.args}: {out} {said}")
    return out


@row("year.backup", "year.backup.ack", "year.backup.seconds", "year.restore")
def restore(scale: Scale) -> list[Figure]:
    """A backup while messages arrive; then it is restored to another folder and looked through."""
    made, data = copied(scale)
    place, other = data.parent / "backup", data.parent / "restored"
    posts = posts_in(made, made.channels)
    run: dict[str, Any] = {"requests": posts, "conns": 4, "rate": POSTS_A_SECOND, "size": 120}
    barrier: list[float] = []
    took: list[float] = []
    back: list[float] = []
    ack: dict[str, list[float]] = {"before": [], "while": []}
    for i in range(min(scale.rounds, 3)):
        with loaded(peers.hearth, data) as (server, load):
            searchable(server, made)
            ack["before"].append(load.run(seconds=scale.of(10, 2), **run)["ack"]["p99"])
            shutil.rmtree(place, ignore_errors=True)
            begun = time.monotonic()
            child = admin(data, "backup", "--json", str(place))
            worst: list[float] = []
            while child.poll() is None:
                worst.append(load.run(seconds=scale.of(2, 1), **run)["ack"]["p99"])
            told = json.loads(done(child))
            took.append(time.monotonic() - begun)
            barrier.append(told["barrier_ms"])
            ack["while"].append(max(worst))
        if told["counts"]["blobs"] < made.files or told["lost"]:
            raise Failed(f"the backup is not whole: {told}")
        shutil.rmtree(other, ignore_errors=True)
        harness.evict(place)
        begun = time.monotonic()
        done(admin(other, "restore", str(place)))
        back.append(time.monotonic() - begun)
        done(admin(other, "check"))
        with peers.hearth(other) as server:
            path = f"{seed.API}/channels/{made.channels[0]}/messages?limit=50"
            status, text = get(server, path, made.owner_token)
            if status != 200 or len(json.loads(text)) != 50:
                raise Failed(f"what was restored cannot be read: {status}")
        say(f"  round {i + 1}: stood still {barrier[-1]:.1f} ms, ack p99 {ack['while'][-1]:.1f} ms,"
            f" backup {took[-1]:.0f} s, restored in {back[-1]:.0f} s")  # fmt: skip
    for each in (place, other):
        shutil.rmtree(each)
    size = f"{made.messages:,} messages and {made.files:,} files"
    beside = f"while {POSTS_A_SECOND} messages a second arrive"
    before = f"; {spread(ack['before'], 1)} before it"
    worst_s = max(back)
    return [
        Figure(
            "year.backup",
            f"a backup of {size} {beside}: for how long nothing is written, ms",
            spread(barrier, 1),
            "",
            None,
            {"barrier": barrier},
        ),
        Figure(
            "year.backup.ack",
            "ack p99 meanwhile, of the worst two seconds, ms",
            spread(ack["while"], 1) + before,
            "",
            None,
            dict(ack),
        ),
        Figure(
            "year.backup.seconds",
            "that backup takes, s",
            spread(took, 1),
            "",
            None,
            {"seconds": took},
        ),
        Figure(
            "year.restore",
            "restored to another folder from a cold disk, checked, s",
            spread(back, 1),
            "≤ 300",
            worst_s <= RESTORED_S,
            {"seconds": back},
        ),
    ]
