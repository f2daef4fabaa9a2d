"""Our environments and learner beside their peers, in one run.

    .venv/bin/python benchmarks/environments.py [--quick] [--json FILE] [--only PATTERN]

Rates are medians over rounds; every round visits every case. One thread each, so a second of CPU is
a second of an idle core. A piece of work is a whole episode with its reset, on actions drawn
beforehand.
"""

import os

THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
)
for _variable in THREADS:  # before NumPy and torch are imported: they read them then
    os.environ[_variable] = "1"
os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")

# ruff: noqa: E402 - what follows imports NumPy
import argparse
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

import learning
import ours
import peers
from goals import Goal, outcomes
from rich.console import Console
from table import busy_share, results, table
from timing import Case, measure

from rallypoint.errors import UnwritablePath
from rallypoint.files import writable_folder, write_atomically
from rallypoint.plain_json import to_indented_json

_ROUNDS, _SECONDS = 7, 0.5
_QUICK_ROUNDS, _QUICK_SECONDS = 3, 0.1
_WIDTH = 110  # where nobody says how wide the page is
_NOTE = (
    "Seconds are of CPU. Medians over rounds, each of which visits every case; ratios are taken "
    "within a round. SuperSuit is the faster of its rows. Whole episodes with their resets, on "
    "actions drawn beforehand."
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, show and write."""
    parser = argparse.ArgumentParser(description="Measure our environments beside their peers.")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every sample here")
    parser.add_argument("--only", metavar="PATTERN", help="only cases like 'ring*E=64'")
    chosen = parser.parse_args(arguments)
    cases = [*peers.cases(), *ours.cases(), *learning.cases(quick=chosen.quick)]
    goals = [*ours.goals(), *learning.goals(quick=chosen.quick)]
    if chosen.only is not None:
        cases = [case for case in cases if fnmatch(case.id, chosen.only)]
        if not cases:
            parser.error(f"no case is like {chosen.only!r}")
    if chosen.json is not None:
        try:
            writable_folder(chosen.json.absolute().parent)
        except UnwritablePath as error:
            parser.error(
                f"cannot write {chosen.json}: {error.__cause__}; give another place with --json"
            )
    run(cases, goals, quick=chosen.quick, out=chosen.json)


def run(cases: Sequence[Case], goals: Sequence[Goal], *, quick: bool, out: Path | None) -> None:
    """Time the cases, print the table, and write the file if there is to be one."""
    console, beside = Console(highlight=False), Console(stderr=True)
    if not console.is_terminal:
        console.width = _WIDTH
    console.print(f"One thread each: {', '.join(THREADS)} are 1.")
    rounds, seconds = (_QUICK_ROUNDS, _QUICK_SECONDS) if quick else (_ROUNDS, _SECONDS)
    with beside.status("") as status:
        timings = measure(cases, rounds=rounds, seconds=seconds, say=status.update)
    known = [g for g in goals if {g.case, *getattr(g, "than", ())} <= timings.keys()]
    judged = outcomes(known, timings)
    console.print(table(timings, judged))
    console.print(_NOTE)
    if (share := busy_share(timings)) < 0.9:
        console.print(
            f"Other programs were busy, we had a core for {share:.0%} of the time: rates are lower "
            "and spread wider than they would be."
        )
    if out is not None:
        write_atomically(out, to_indented_json(results(timings, judged)))
        console.print(f"Every sample is in {out}.")


if __name__ == "__main__":
    main()
