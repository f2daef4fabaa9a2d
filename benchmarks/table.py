"""The measurements as tables for people: rates, ratios with their goals, and what was missed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median

from goals import Faster, Outcome, Within
from rich import box
from rich.markup import escape
from rich.table import Column, Table
from timing import Timing

_TITLES = {
    "E": "Agent-steps per second of CPU, by copies",
    "B": "Learning: agent-steps per second of CPU, by minibatch or batch",
    "n": "Gradients: rows per second of CPU",
    "threats": "What a threat file leaves of the rate, by copies",
    "copies": "How many times a peer's agent-steps per second, at equal copies",
    "views": "What a view leaves of the rate",
    "training": "Training tables",
    "minibatch": "PPO end to end: how many times the other's agent-steps per second, by minibatch",
    "updates": "One update from each contributor, beside one of all their rows: share of its rate",
    "lies": "Lies: how many times the percepts per second of the passes they are made of",
    "recorded": "Updates under a threat: what a recording of them leaves of the rate",
    "rules": "Robust rules: how many times the rate of the gradients that they combine, by batch",
}


def rates(timings: Mapping[str, Timing]) -> Iterator[Table]:
    """Yield a table for each kind of column, and one of what could not be timed."""
    measured = [timing for timing in timings.values() if timing.samples]
    # A case without a column is a time that was promised, and stands among the lines.
    for kind in filter(None, _in_order(_kind(timing.case.column) for timing in measured)):
        of_kind = [timing for timing in measured if _kind(timing.case.column) == kind]
        columns = _sorted_columns(timing.case.column for timing in of_kind)
        shown = _table(_TITLES[kind], "", columns, "spread")
        for row in _in_order(timing.case.row for timing in of_kind):
            cells = {t.case.column: t for t in of_kind if t.case.row == row}
            found = [short(cells[c].rate) if c in cells else "" for c in columns]
            shown.add_row(row, *found, f"± {max(map(_spread, cells.values())):.0%}")
        yield shown
    failed = [timing for timing in timings.values() if not timing.samples]
    if failed:
        shown = Table("case", "why", title="Not measured", title_justify="left", box=box.SIMPLE)
        for timing in failed:
            shown.add_row(timing.case.id, escape(timing.failure or "stopped before its turn"))
        yield shown


def ratios(outcomes: Sequence[Outcome]) -> Iterator[Table]:
    """Yield a table of comparisons for each section."""
    compared = [outcome for outcome in outcomes if isinstance(outcome.goal, Faster)]
    for section in _in_order(outcome.goal.section for outcome in compared):
        of_section = [outcome for outcome in compared if outcome.goal.section == section]
        columns = _sorted_columns(outcome.goal.column for outcome in of_section)
        shown = _table(_TITLES[section], "beside", columns, "goal", "")
        for (row, called), of_row in _by_row(of_section).items():
            cells = {outcome.goal.column: _cell(outcome) for outcome in of_row}
            goal = next((o.goal.expected for o in of_row if o.goal.expected), "")
            found = [cells.get(column, "") for column in columns]
            shown.add_row(row, called, *found, goal, verdict(of_row))
        yield shown


def lines(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Yield what does not fit a table: times that were promised, and why ratios were missed."""
    for outcome in outcomes:
        if isinstance(outcome.goal, Within) and outcome.median is not None:
            found = f"{number(outcome.median)} CPU s, goal {outcome.goal.expected}"
            yield f"{outcome.goal.case}: {found}: {verdict([outcome])}"
    for why, missed in _missed_by_reason(outcomes).items():
        where = ", ".join(f"{o.goal.row} at {o.goal.column}" for o in missed)
        yield f"Missed by {where}: {why}."


def verdict(outcomes: Sequence[Outcome]) -> str:
    """Say whether the goals of a row are met."""
    known = [outcome for outcome in outcomes if outcome.met is not None]
    missed = [outcome for outcome in known if not outcome.met]
    if not known:
        return ""
    if missed:
        columns = [getattr(outcome.goal, "column", "") for outcome in missed]
        where = f" at {', '.join(columns)}" if len(outcomes) > 1 else ""
        return f"[red]missed{where}[/]"
    aims = {getattr(outcome.goal, "aim", None) for outcome in known}
    aim = aims.pop() if len(aims) == 1 else None
    if aim and all(o.median is not None and o.median >= aim for o in known):
        return f"[green]met, and {aim:,g}[/]"
    return "[green]met[/]"


def number(value: float) -> str:
    """Say a number with about three digits.

    >>> number(2813.4), number(1.234)
    ('2,813', '1.23')
    """
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def short(rate: float) -> str:
    """Say a large number.

    >>> short(5312.0), short(14_800_000.0), short(193_400.0)
    ('5.3 k', '14.8 M', '193 k')
    """
    for size, letter in ((1e6, " M"), (1e3, " k")):
        if rate >= size:
            return f"{rate / size:.{0 if rate >= 100 * size else 1}f}{letter}"
    return f"{rate:.0f}"


def busy_share(timings: Mapping[str, Timing]) -> float:
    """Return for how much of the time we had a core."""
    samples = [sample for timing in timings.values() for sample in timing.samples]
    return sum(s.cpu_seconds for s in samples) / max(sum(s.seconds for s in samples), 1e-9)


def _table(title: str, second: str, columns: Sequence[str], *last: str) -> Table:
    head = [Column("")]
    head += [Column(second)] if second else []
    head += [Column(column, justify="right", no_wrap=True) for column in columns]
    head += [Column(name, justify="right", no_wrap=True) for name in last]
    return Table(
        *head,
        title=title,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        min_width=len(title) + 2,  # else it would be broken over a narrow table
    )


def _cell(outcome: Outcome) -> str:
    if outcome.median is None:
        return "–"
    said = number(outcome.median)
    return f"[red]{said}[/]" if outcome.met is False else said


def _by_row(outcomes: Sequence[Outcome]) -> dict[tuple[str, str], list[Outcome]]:
    rows: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in outcomes:
        rows.setdefault((outcome.goal.row, outcome.goal.called), []).append(outcome)
    return rows


def _missed_by_reason(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    missed: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.met is False and (why := getattr(outcome.goal, "why", "")):
            missed.setdefault(why, []).append(outcome)
    return missed


def _in_order(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _kind(column: str) -> str:
    return column.partition("=")[0]


def _sorted_columns(columns: Iterable[str]) -> list[str]:
    return sorted(set(columns), key=lambda column: int(column.partition("=")[2] or 0))


def _spread(timing: Timing) -> float:
    return (max(timing.rates) - min(timing.rates)) / 2 / median(timing.rates)
