"""Our aggregators beside their peers, in one run: one thread, float32.

    .venv/bin/python benchmarks/aggregation.py [--quick] [--json FILE] [--only PATTERN] [--page]

A size is n updates of d columns. At each, all rules of all libraries are timed side by side, each
library in a process of its own, in CPU time; what a smaller size says would take too long is
skipped. Before that every library is asked whether its answers are right.
"""

import argparse
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatch
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

import rules_page
import suites
from goals import Outcome, comparable, outcomes
from processes import ENVIRON, Processes
from results import results
from rich.console import Console
from rules_goals import goals
from rules_table import goal_table, time_table, untimed_table, verdict_table
from suites.rules import NAMES, SHARED, size_of
from table import busy_share, number
from timing import Case, Failed, Timing, measure

from rallypoint.errors import UnwritablePath
from rallypoint.files import writable_folder, write_atomically
from rallypoint.plain_json import to_indented_json

_ROUNDS, _SECONDS = 3, 0.05
_LONG, _TOO_LONG = 0.3, 4.0  # seconds: timed once, without warming up; not timed
_WIDTH = 150  # where nobody says how wide the page is
_NOTE = (
    "Medians over rounds, in milliseconds of CPU. R is one read, x.sum(0), and G one Gram matrix, "
    "x @ x.T. A star marks a time whose answer is wrong: see the table of answers. Peers' mixings "
    "that would gather all neighbours in 2 GiB, walks through 20,000 subsets, and what by fewer "
    f"columns would take {_TOO_LONG:g} s are skipped."
)
Verdicts = Mapping[str, str]  # row -> whether its answers are right


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, show and write."""
    parser = argparse.ArgumentParser(description="Measure our aggregators beside peers.")
    parser.add_argument("--quick", action="store_true", help="fewer and smaller sizes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every sample here")
    parser.add_argument("--page", action="store_true", help="and write docs/aggregation.md anew")
    parser.add_argument("--only", metavar="PATTERN", help="only cases like '*: krum n=20*'")
    chosen = parser.parse_args(arguments)
    is_whole = not chosen.quick and chosen.only is None
    cases = suites.cases(NAMES, quick=chosen.quick)
    if chosen.only is not None:
        floors = [case for case in cases if case.suite == NAMES[0]]
        cases = [case for case in cases if fnmatch(case.id, chosen.only)]
        if not cases:
            parser.error(f"no case is like {chosen.only!r}")
        needed = {case.column for case in cases}
        cases = [case for case in floors if case.column in needed and case not in cases] + cases
    if chosen.json is not None:
        try:
            writable_folder(chosen.json.absolute().parent)
        except UnwritablePath as error:
            parser.error(
                f"cannot write {chosen.json}: {error.__cause__}; give another place with --json"
            )
    os.environ.update(ENVIRON)  # what the processes get is also what is written down
    page = rules_page.PAGE if chosen.page and is_whole else None  # a part says too little
    run(cases, quick=chosen.quick, out=chosen.json, page=page)


def run(
    cases: Sequence[Case], *, quick: bool, out: Path | None = None, page: Path | None = None
) -> None:
    """Check and time the cases, print the tables, and write the files if there are to be any."""
    console, beside = Console(highlight=False), Console(stderr=True)
    if not console.is_terminal:
        console.width = _WIDTH
    began = time.perf_counter()
    timings: dict[str, Timing] = {}
    with beside.status("") as status:
        with Processes(os.environ, quick=quick) as processes:
            verdicts = _checked(cases, processes, status.update)
            versions = processes.versions()
        by_size = sorted(cases, key=size_of)
        for _, of_size in groupby(by_size, key=size_of):
            # New processes, so that none holds the updates of sizes that are done.
            with (
                TemporaryDirectory() as shared,
                Processes(os.environ | {SHARED: shared}, quick=quick) as processes,
            ):
                timings |= _timed(list(of_size), timings, processes, status.update)
            if any(not t.samples and t.failure is None for t in timings.values()):
                break  # an interruption from the keyboard
    judged = outcomes(comparable(goals(cases, verdicts), timings), timings)
    written = results(timings, judged, versions) | {"answers": verdicts}
    if out is not None:  # before anything else can go wrong: it took minutes
        write_atomically(out, to_indented_json(written))
    if page is not None:
        rules_page.rewrite(page, written)
    _show(console, timings, verdicts, judged)
    if (share := busy_share(timings)) < 0.9:
        console.print(f"Other programs were busy, we had a core for {share:.0%} of the time.")
    if out is not None:
        console.print(f"Every sample is in {out}.")
    if page is not None:
        console.print(f"The tables of {page} are new.")
    console.print(f"{(time.perf_counter() - began) / 60:.1f} minutes.")


def _show(
    console: Console,
    timings: Mapping[str, Timing],
    verdicts: Verdicts,
    judged: Sequence[Outcome],
) -> None:
    columns = dict.fromkeys(timing.case.column for timing in timings.values())
    for column in columns:
        console.print(time_table(column, timings, verdicts))
    console.print(_NOTE)
    console.print(untimed_table(timings))
    console.print(verdict_table(verdicts))
    console.print(goal_table(judged))


def _checked(cases: Sequence[Case], processes: Processes, say: Callable[[str], None]) -> Verdicts:
    verdicts = {}
    for case in {case.row: case for case in cases if case.suite != NAMES[0]}.values():
        say(f"checking {case.row}")
        try:
            verdicts[case.row] = processes.check(case.suite, case.row.partition(": ")[2])
        except Failed as failure:
            verdicts[case.row] = f"not there: {failure}"
    return verdicts


def _timed(
    cases: Sequence[Case],
    before: Mapping[str, Timing],
    processes: Processes,
    say: Callable[[str], None],
) -> dict[str, Timing]:
    timings, chosen = {}, []
    for case in cases:
        expected = _expected_seconds(case, before)
        if expected > _TOO_LONG:
            why = f"skipped: about {number(expected)} s, by what fewer columns took"
            timings[case.id] = Timing(case=case, failure=why)
        else:
            chosen.append(replace(case, rounds=1) if expected > _LONG else case)
    timings |= measure(
        chosen, rounds=_ROUNDS, seconds=_SECONDS, say=say, open_case=processes.open_case
    )
    return {case.id: timings[case.id] for case in cases}


def _expected_seconds(case: Case, before: Mapping[str, Timing]) -> float:
    """Return how long a piece of work would take if its time grew with the columns."""
    n, d = size_of(case)
    timed = {
        size_of(timing.case): min(timing.cpu_seconds)
        for timing in before.values()
        if timing.case.row == case.row and timing.samples
    }
    columns = max((columns for rows, columns in timed if rows == n), default=d)
    return timed.get((n, columns), 0.0) * d / columns


if __name__ == "__main__":
    main()
