"""Our environments and learners beside their peers, in one run.

    .venv/bin/python benchmarks/environments.py [--quick] [--json FILE] [--only PATTERN …]

Rates are medians over rounds; every round visits every case, each suite in a process of its own.
One thread and one core each, so a second of CPU is a second of an idle core. A piece of work is a
whole episode with its reset, on actions drawn beforehand.
"""

import argparse
import os
import time
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

import suites
from goals import Goal, comparable, outcomes
from processes import ENVIRON, THREADS, Processes
from results import results
from rich.console import Console
from table import busy_share, lines, rates, ratios
from timing import Case, measure

from rallypoint.errors import UnwritablePath
from rallypoint.files import writable_folder, write_atomically
from rallypoint.plain_json import to_indented_json

_ROUNDS, _SECONDS = 5, 0.2
_QUICK_ROUNDS, _QUICK_SECONDS = 2, 0.05
_WIDTH = 110  # where nobody says how wide the page is
_NOTE = (
    "Medians over rounds, each of which visits every case; ratios are taken within a round. Whole "
    "episodes with their resets, on actions drawn beforehand; with a million agents in a step, "
    "episodes are of 10 steps. Where a peer has several rows, the fastest counts. What differs: "
    "simple_spread (also under SuperSuit, in VMAS and in JaxMARL) is continuous motion with "
    "collisions, and shows each agent every other one; magent2 has fights and images; ring and "
    "torus are cells, and show counts. So ratios say how much experience a second buys, not whose "
    "code is better."
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, show and write."""
    parser = argparse.ArgumentParser(description="Measure our environments beside their peers.")
    parser.add_argument("--quick", action="store_true", help="fewer, smaller and shorter")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every sample here")
    parser.add_argument(
        "--only",
        metavar="PATTERN",
        action="append",
        help="only cases like 'ring*E=64', or a suite such as 'gradient'; again for more",
    )
    chosen = parser.parse_args(arguments)
    cases = suites.cases(quick=chosen.quick)
    if chosen.only is not None:
        for pattern in chosen.only:
            if not any(_is_like(case, pattern) for case in cases):
                parser.error(f"no case is like {pattern!r}")
        cases = [case for case in cases if any(_is_like(case, p) for p in chosen.only)]
    if chosen.json is not None:
        try:
            writable_folder(chosen.json.absolute().parent)
        except UnwritablePath as error:
            parser.error(
                f"cannot write {chosen.json}: {error.__cause__}; give another place with --json"
            )
    os.environ.update(ENVIRON)  # what the processes get is also what is written down
    run(cases, suites.goals(quick=chosen.quick), quick=chosen.quick, out=chosen.json)


def _is_like(case: Case, pattern: str) -> bool:
    return fnmatch(case.id, pattern) or case.suite == pattern


def run(cases: Sequence[Case], goals: Sequence[Goal], *, quick: bool, out: Path | None) -> None:
    """Time the cases, print the tables, and write the file if there is to be one."""
    console, beside = Console(highlight=False), Console(stderr=True)
    if not console.is_terminal:
        console.width = _WIDTH
    console.print(f"One thread and one core each: {', '.join(THREADS)} are 1.")
    rounds, seconds = (_QUICK_ROUNDS, _QUICK_SECONDS) if quick else (_ROUNDS, _SECONDS)
    began = time.perf_counter()
    with Processes(os.environ, quick=quick) as processes, beside.status("") as status:
        timings = measure(
            cases,
            rounds=rounds,
            seconds=seconds,
            say=status.update,
            open_case=processes.open_case,
        )
        versions = processes.versions()
    took = time.perf_counter() - began
    judged = outcomes(comparable(goals, timings), timings)
    if out is not None:  # before anything else can go wrong: it took minutes
        write_atomically(out, to_indented_json(results(timings, judged, versions)))
    for shown in [*rates(timings), *ratios(judged)]:
        console.print(shown)
    for line in lines(judged):
        console.print(line)
    console.print(_NOTE)
    if (share := busy_share(timings)) < 0.9:
        console.print(
            f"Other programs were busy, we had a core for {share:.0%} of the time: rates are lower "
            "and spread wider than they would be."
        )
    if out is not None:
        console.print(f"Every sample is in {out}.")
    console.print(f"{took / 60:.1f} minutes.")


if __name__ == "__main__":
    main()
