"""Measure Hearth against its limits and peers and write RESULTS.md: `make bench`.

run.py [--quick] [--year] [--rounds N] [ROW …]   all rows without names; --list tells them
run.py --note KEY TEXT                           put a note (what limits a missed row) on a result

With --year the rows' worlds are made on top of a year's data (`year.py`), and their results are
kept apart: their keys begin with "year.", also for --note.
"""

from __future__ import annotations

import argparse
import datetime
import sys

import apart
import breaks
import calls
import harness
import media
import pauses
import rooms
import seed
import starts
import used
import year
from harness import Failed, say
from rows import ORDER, ROWS, Scale

MODULES = (apart, breaks, calls, media, pauses, rooms, starts, used)
"""Rows are known once their module is imported."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW")
    parser.add_argument("--quick", action="store_true", help="small and short; records nothing")
    parser.add_argument("--year", action="store_true", help="on top of a year's data")
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--note", nargs=2, metavar=("KEY", "TEXT"))
    given = parser.parse_args()
    if given.list:
        print("\n".join(ROWS))
        return 0
    if given.note:
        harness.annotate(*given.note)
        harness.render(ORDER)
        return 0
    unknown = [name for name in given.rows if name not in ROWS]
    if unknown:
        parser.error(f"no row {', '.join(unknown)}; there are {', '.join(ROWS)}")
    scale = Scale(given.quick, given.rounds or (1 if given.quick else 5))
    if given.year:
        seed.under = year.lived(given.quick).data
    apart = "year." if given.year else ""
    option = " --year" if given.year else ""
    failed = 0
    for name in given.rows or ROWS:
        say(name)
        try:
            figures = ROWS[name](scale)
        except Failed as error:
            say(f"  not measured: {error}")
            failed = 1
            continue
        for figure in figures:
            mark = {True: "met", False: "missed", None: ""}[figure.met]
            print(f"{figure.key}: {figure.result}  goal {figure.goal}  {mark}", flush=True)
            if not given.quick:
                harness.record(
                    figure.key if figure.key.startswith("year.") else apart + figure.key,
                    what=figure.what,
                    result=figure.result,
                    goal=figure.goal,
                    met=figure.met,
                    command=f"python perf/run.py{option} {name}",
                    machine=harness.machine(),
                    date=datetime.date.today().isoformat(),
                    rounds=scale.rounds,
                    detail=figure.detail,
                )
                harness.render(ORDER)
    return failed


if __name__ == "__main__":
    sys.exit(main())
