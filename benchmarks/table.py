"""The measurements as a table for people and as JSON for programs."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from goals import Faster, Outcome
from rich import box
from rich.markup import escape
from rich.table import Column, Table
from timing import Timing

from rallypoint import manifest

_PEERS = ("mpe2", "supersuit", "pygame-ce")
_SAYS = {None: "", False: "[red]missed[/]", True: "[green]met[/]"}


def table(timings: Mapping[str, Timing], outcomes: Sequence[Outcome]) -> Table:
    """Return a row per case, with what it is compared with."""
    shown = Table(
        Column("case", no_wrap=True),
        Column("agent-steps/s", justify="right", no_wrap=True),
        Column("min – max", justify="right", no_wrap=True),
        Column("compared"),
        Column("goal", justify="right", no_wrap=True),
        Column("", no_wrap=True),
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    by_case = {outcome.goal.case: outcome for outcome in outcomes}
    for timing in timings.values():
        if timing.failure is not None or not timing.samples:
            shown.add_row(timing.id, "–", "–", escape(timing.failure or "not measured"))
            continue
        compared = goal = verdict = ""
        if timing.id in by_case:
            outcome = by_case[timing.id]
            compared, goal, verdict = comparison(outcome), outcome.goal.expected, says(outcome)
        spread = f"{short(min(timing.rates))} – {short(max(timing.rates))}"
        shown.add_row(timing.id, short(timing.rate), spread, compared, goal, verdict)
    return shown


def comparison(outcome: Outcome) -> str:
    """Say what was found."""
    if outcome.median is None:
        return "nothing to compare with"
    unit = f"× {outcome.goal.called}" if isinstance(outcome.goal, Faster) else "CPU s"
    return f"{number(outcome.median)} {unit}"


def says(outcome: Outcome) -> str:
    """Say whether a goal is met."""
    aim = getattr(outcome.goal, "aim", None)
    if outcome.met and aim and outcome.median is not None and outcome.median >= aim:
        return f"[green]met, and {aim:,g}[/]"
    return _SAYS[outcome.met]


def number(value: float) -> str:
    """Say a number with about three digits.

    >>> number(2813.4), number(1.234)
    ('2,813', '1.23')
    """
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def short(rate: float) -> str:
    """Say a large number.

    >>> short(5312.0), short(14_800_000.0)
    ('5.3 k', '14.8 M')
    """
    for size, letter in ((1e6, " M"), (1e3, " k")):
        if rate >= size:
            return f"{rate / size:.1f}{letter}"
    return f"{rate:.0f}"


def results(timings: Mapping[str, Timing], outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return everything that was measured, and on what."""
    return {
        "format": 1,
        "machine": manifest.machine(),
        "versions": manifest.versions() | _versions_of_peers(),
        "commit": manifest.commit(),
        "cases": [
            {
                "id": timing.id,
                "failure": timing.failure,
                "agent_steps_per_cpu_second": timing.rate if timing.samples else None,
                "samples": [sample._asdict() for sample in timing.samples],
            }
            for timing in timings.values()
        ],
        "goals": [
            {"kind": type(outcome.goal).__name__.lower(), **asdict(outcome)} for outcome in outcomes
        ],
    }


def _versions_of_peers() -> dict[str, str]:
    found = {}
    for package in _PEERS:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def busy_share(timings: Mapping[str, Timing]) -> float:
    """Return for how much of the time we had a core."""
    samples = [sample for timing in timings.values() for sample in timing.samples]
    return sum(s.cpu_seconds for s in samples) / max(sum(s.seconds for s in samples), 1e-9)
