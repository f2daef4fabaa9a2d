"""Aggregators as tables for people: times by library, answers, and what became of goals."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from goals import AtMost, Outcome, Within
from rich import box
from rich.markup import escape
from rich.table import Column, Table
from suites.rules.verdicts import NOT_COMPARED, is_right
from table import number
from timing import Timing


def time_table(column: str, timings: Mapping[str, Timing], verdicts: Mapping[str, str]) -> Table:
    """Return the milliseconds of each rule and library at one size; ours in floors, too."""
    cells = {_split(t.case.row): t for t in timings.values() if t.case.column == column}
    floors = {rule: _seconds(t) for (library, rule), t in cells.items() if library == "floor"}
    libraries = _in_order(library for library, _ in cells if library != "floor")
    said = ", ".join(f"{rule} {number(1e3 * took)} ms" for rule, took in floors.items() if took)
    table = Table(
        Column("rule"),
        *(Column(f"of ours, {floor}", justify="right") for floor in ("R", "G")),
        *(Column(library, justify="right") for library in libraries),
        title=f"{column}: {said}",
        title_justify="left",
        box=box.SIMPLE_HEAD,
    )
    for rule in _in_order(rule for library, rule in cells if library != "floor"):
        ours = cells.get(("ours", rule))
        took = _seconds(ours) if ours else None
        in_floors = [
            number(took / floors[floor]) if took and floors.get(floor) else ""
            for floor in ("R", "G")
        ]
        times = [_time(cells.get((library, rule)), verdicts) for library in libraries]
        table.add_row(rule, *in_floors, *times)
    return table


def verdict_table(verdicts: Mapping[str, str]) -> Table:
    """Return whether answers are right, those of peers that are not first."""
    table = Table(
        "library", "rule", "its answer", title="Answers", title_justify="left", box=box.SIMPLE
    )
    for row in sorted(verdicts, key=lambda row: is_right(verdicts[row])):
        table.add_row(*_split(row), escape(verdicts[row]))
    return table


def untimed_table(timings: Mapping[str, Timing]) -> Table:
    """Return what could not be timed, and why."""
    table = Table("case", "why", title="Not timed", title_justify="left", box=box.SIMPLE)
    for timing in timings.values():
        if not timing.samples:
            table.add_row(timing.case.id, escape(timing.failure or "stopped before its turn"))
    return table


def goal_table(outcomes: Sequence[Outcome]) -> Table:
    """Return every goal that could be judged, those missed first."""
    table = Table("case", "goal", "found", "", title="Goals", title_justify="left", box=box.SIMPLE)
    for outcome in sorted(outcomes, key=lambda outcome: outcome.met is not False):
        goal = outcome.goal
        if outcome.median is None or isinstance(goal, Within):
            continue
        found = number(outcome.median)
        if isinstance(goal, AtMost):
            found = f"{found} of it"
        beside = goal.expected if isinstance(goal, AtMost) else f"{goal.expected} × {goal.called}"
        missed = f"[red]missed[/] {goal.why}".strip()
        verdict = "[green]met[/]" if outcome.met else missed
        table.add_row(goal.case, beside, found, verdict)
    return table


def _time(timing: Timing | None, verdicts: Mapping[str, str]) -> str:
    if timing is None:
        return ""
    took = _seconds(timing)
    if took is None:
        why = timing.failure or "stopped"
        return "skipped" if why.startswith("skipped") else "failed"
    verdict = verdicts.get(timing.case.row, "")
    star = "" if is_right(verdict) or verdict == NOT_COMPARED else "*"
    return number(1e3 * took) + star


def _seconds(timing: Timing) -> float | None:
    return median(timing.cpu_seconds) if timing.samples else None


def _split(row: str) -> tuple[str, str]:
    library, _, rule = row.partition(": ")
    return library, rule


def _in_order(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
