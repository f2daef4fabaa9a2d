"""Breakdown curves: what is left under the worst attack, over how many are faulty."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from rallypoint import scores
from rallypoint.experiments.exhibits import Exhibit
from rallypoint.experiments.report.figures import (
    Figure,
    Point,
    Series,
    extent,
    few,
    in_parts,
    spoken,
    titled,
)
from rallypoint.experiments.report.learning import RESAMPLES
from rallypoint.experiments.report.metric_rows import Rows, is_number
from rallypoint.experiments.report.selection import Line, called, selected


def breakdown_figures(exhibit: Exhibit, rows: Rows, metrics: Mapping[str, Any]) -> Iterator[Figure]:
    """Yield a figure for each panel, or more where there are more lines than colours."""
    panels = selected(exhibit, rows)
    names = list(dict.fromkeys(name for lines in panels.values() for name in lines))
    limits = _limits(exhibit, rows, metrics)
    for panel, lines in panels.items():
        drawn = [
            Series(
                name=name,
                points=worst_points(line, less_is_better=exhibit.less_is_better),
                limit=limits.get(name),
            )
            for name, line in lines.items()
        ]
        drawn = [series for series in drawn if len(series.points) > 1]
        for part in in_parts(drawn, names):
            yield Figure(
                kind="breakdown",
                title=titled(exhibit.title, panel),
                measure=exhibit.measure_words or spoken(exhibit.measure),
                over=exhibit.over_words or spoken(exhibit.over),
                series=part,
                extent=extent(drawn),
                note=_note(exhibit, part, [lines[series.name] for series in part]),
            )


def worst_points(line: Line, *, less_is_better: bool = False) -> tuple[Point, ...]:
    """Return, along the axis, the interquartile mean of what the worst stratum leaves each seed."""
    by_place: dict[float, dict[str, list[float]]] = {}
    for by_seed in line.values():
        for seed, values in by_seed.items():
            for at, value in values.items():
                by_place.setdefault(at, {}).setdefault(seed, []).append(value)
    worst = max if less_is_better else min
    points = []
    for at in sorted(by_place):
        left = np.array([[worst(values)] for values in by_place[at].values()])  # (S, 1)
        if len(left) == 1:
            points.append(Point(at, float(left[0, 0])))
            continue
        found = scores.band([left], resamples=RESAMPLES)
        ends = float(found.low[0]), float(found.high[0])
        points.append(Point(at, float(found.measured[0]), ends))
    return tuple(points)


def num_tried(line: Line) -> int:
    """Return how many strata there are where most are; where nobody lies there is but one."""
    places = [{at for values in by_seed.values() for at in values} for by_seed in line.values()]
    return max(Counter(at for own in places for at in own).values(), default=0)


def _limits(exhibit: Exhibit, rows: Rows, metrics: Mapping[str, Any]) -> dict[str, float]:
    """Return how many each line's rule promises to withstand, where a metric says so."""
    limits: dict[str, float] = {}
    if not exhibit.withstands:
        return limits
    for row in rows:
        if not all(column in row for column in exhibit.lines):
            continue
        metric = exhibit.withstands
        for column in exhibit.lines:
            metric = metric.replace(f"{{{column}}}", str(row[column]))
        limit: Any = metrics.get(metric)
        if is_number(limit):
            limits[called(row, exhibit.lines)] = float(limit)
    return limits


def _note(exhibit: Exhibit, part: tuple[Series, ...], lines: list[Line]) -> str:
    num_strata = max(map(num_tried, lines))
    num_seeds = min(len(by_seed) for line in lines for by_seed in line.values())
    attacks = f" under the worst of {num_strata} on each seed" if num_strata > 1 else ""
    better = "less" if exhibit.less_is_better else "more"
    clipped = f" Anything above {exhibit.at_most:g} counts for that." if exhibit.at_most else ""
    promised = (
        " An upright bar ends what theory promises of a rule."
        if any(series.limit is not None for series in part)
        else ""
    )
    return (
        f"Interquartile mean{attacks}, with its 95 % bootstrap interval over seeds; {better} is "
        f"better.{clipped}{promised}{few(num_seeds)}"
    )
