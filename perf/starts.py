"""The row about the start of a server that holds much and was killed."""

from __future__ import annotations

import time

import fill
import peers
import seed
from harness import Load, evict, median, rounds, say, spread
from pauses import Session
from rows import Figure, Scale, row

LISTENERS, POSTERS = 100, 4
GOAL_S = 1.5


def busy_then_killed(made: seed.World, seconds: float) -> None:
    """Let members be there and the owner post, then kill the server where it stands."""
    with peers.hearth(made.data) as server, Load(server) as load:
        load.open(LISTENERS, made.tokens)
        load.run(requests=made.posts, conns=POSTERS, seconds=seconds, expect=LISTENERS, size=200)
        server.kill()


def begin(made: seed.World) -> tuple[float, float, float]:
    """Start the server: seconds from its exec to `ready`, to a user's READY, to a bot's guild."""
    with peers.hearth(made.data) as server:
        ready = server.ready_seconds
        user = Session(server)
        user.identify(made.tokens.read_text().split(maxsplit=1)[0])
        user_in = time.monotonic() - server.begun
        bot = Session(server)
        bot.identify(made.bot_token)
        bot.until("GUILD_CREATE")
        bot_in = time.monotonic() - server.begun
        user.close()
        bot.close()
        server.kill()
    return ready, user_in, bot_in


@row("start.cold", "start.cold.user", "start.cold.bot", "start", "start.user", "start.bot")
def start(scale: Scale) -> list[Figure]:
    """After kill -9, with the data on disk only and with it in the page cache.

    On top of a year's data a tenth of the messages come to the year's million.
    """
    messages, members = scale.of(10_000_000, 200_000), scale.of(50_000, 1000)
    if seed.under is not None:
        messages //= 10
    made = fill.filled(messages, members, scale.of(500, 50))
    out: dict[str, list[tuple[float, float, float]]] = {"start.cold": [], "start": []}
    for i, order in enumerate(rounds(scale.rounds, list(out))):
        for key in order:
            busy_then_killed(made, scale.of(3, 1))
            if key == "start.cold":
                evict(made.data)
            out[key].append(begin(made))
            say(f"  round {i + 1}, {key}: " + ", ".join(f"{each:.2f} s" for each in out[key][-1]))
    size = f"{messages / 1e6:g} M messages, {members} members, {len(made.channels)} channels"
    names = {
        "start.cold": f"start after kill -9, {size}, nothing of it in the page cache",
        "start": "the same with the files in the page cache",
    }
    figures: list[Figure] = []
    for key, runs in out.items():
        for j, (more, until) in enumerate(
            (
                ("", "`ready`"),
                (".user", "a user's READY"),
                (".bot", "a bot's GUILD_CREATE after it"),
            )
        ):
            times = [run[j] for run in runs]
            figures.append(
                Figure(
                    key + more,
                    f"{names[key]}: until {until}, s",
                    spread(times),
                    f"< {GOAL_S}",
                    median(times) < GOAL_S,
                    {"seconds": times},
                )
            )
    return figures
