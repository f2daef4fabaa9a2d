"""Curves found in a run's rows: what changed with steps, rounds or cycles, for each seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from rallypoint.experiments.report.metric_rows import Rows, is_number
from rallypoint.intervals import Interval, bootstrap

# Columns that count how far a run is; the first that a row has is the one it is drawn over.
CLOCKS = (
    *("agent_steps", "steps", "step", "rounds", "round", "updates", "update"),
    *("cycles", "cycle", "episodes", "episode", "iterations", "iteration", "epochs", "epoch"),
)
_LEAST_POINTS = 3  # two points are a comparison, not a curve
_MOST_POINTS = 80  # more are too close to be seen apart
_MOST_SERIES = 7  # as many as there are colours that stay apart
_MOST_CURVES = 40  # of one run


class Point(NamedTuple):
    """The mean over seeds at one moment, and its 95 % interval where several tell."""

    at: float
    mean: float
    interval: Interval | None


class Series(NamedTuple):
    """One line: a condition, its mean, and each seed's own."""

    name: str
    points: tuple[Point, ...]
    seeds: tuple[tuple[tuple[float, float], ...], ...]


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One measure over one clock."""

    about: str  # the claim or condition
    measure: str
    clock: str
    series: tuple[Series, ...]

    @property
    def num_seeds(self) -> int:
        """How many seeds the best-supported line has."""
        return max(len(series.seeds) for series in self.series)


def find_curves(rows: Rows) -> tuple[Curve, ...]:
    """Return the curves that rows hold, in the order of their first row."""
    found: dict[tuple[str, str, str], dict[str, list[dict[str, Any]]]] = {}
    for row in rows:
        clock = next((name for name in CLOCKS if is_number(row.get(name))), None)
        if clock is None:
            continue
        about = str(row.get("claim", row.get("condition", "")))
        others = [
            str(v) for k, v in row.items() if isinstance(v, str) and k not in ("claim", "condition")
        ]
        for measure, value in row.items():
            if is_number(value) and measure not in ("seed", *CLOCKS):
                lines = found.setdefault((about, measure, clock), {})
                lines.setdefault(", ".join(others), []).append(row)
    curves: list[Curve] = []
    for (about, measure, clock), lines in found.items():
        drawn = (_series(name, own, clock, measure) for name, own in lines.items())
        series = [line for line in drawn if line is not None]
        for start in range(0, len(series), _MOST_SERIES):
            part = tuple(series[start : start + _MOST_SERIES])
            curves.append(Curve(about=about, measure=measure, clock=clock, series=part))
    return tuple(curves[:_MOST_CURVES])


def _series(name: str, rows: Sequence[dict[str, Any]], clock: str, measure: str) -> Series | None:
    by_seed: dict[str, dict[float, float]] = {}
    for row in rows:
        by_seed.setdefault(str(row.get("seed", "")), {})[float(row[clock])] = float(row[measure])
    moments = sorted({at for line in by_seed.values() for at in line})
    if len(moments) < _LEAST_POINTS:
        return None
    shown = (
        [moments[i] for i in np.linspace(0, len(moments) - 1, _MOST_POINTS).round().astype(int)]
        if len(moments) > _MOST_POINTS
        else moments
    )
    points = []
    for at in shown:
        values = np.array([line[at] for line in by_seed.values() if at in line])
        interval = bootstrap(values) if len(values) > 1 else None
        points.append(Point(at, float(values.mean()), interval))
    seeds = tuple(tuple((at, line[at]) for at in shown if at in line) for line in by_seed.values())
    return Series(name, tuple(points), seeds)
