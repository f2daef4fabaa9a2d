"""Scores compared: interquartile means, performance profiles, and who is likely to do better.

All three are those of Agarwal et al. (2021), cited in ``rallypoint.scores``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rallypoint import scores
from rallypoint.draws import Floats
from rallypoint.experiments.exhibits import Exhibit
from rallypoint.experiments.report.figures import (
    Figure,
    Point,
    Series,
    few,
    in_parts,
    spoken,
    titled,
)
from rallypoint.experiments.report.learning import RESAMPLES
from rallypoint.experiments.report.metric_rows import Rows
from rallypoint.experiments.report.scales import Scale, span
from rallypoint.experiments.report.selection import Line, selected
from rallypoint.scores import Score

_MOST_COMPARED = 12  # so many lines that a table of all pairs can still be read
_MOST_THRESHOLDS = 60  # of a profile
STRIP = 160.0  # width of the drawing of an interval


class Place(NamedTuple):
    """One line's score, and where it lies in a drawing."""

    name: str
    score: Score
    interval: tuple[float, float]
    measured: float


class Pair(NamedTuple):
    """How likely the line of a row does better than that of a column."""

    score: Score
    is_told: bool  # whether the interval leaves out a half


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Lines compared by one score, the best first."""

    title: str
    measure: str
    places: tuple[Place, ...]
    pairs: tuple[tuple[Pair | None, ...], ...]  # None: with itself
    profiles: tuple[Figure, ...]
    note: str


def compared(exhibit: Exhibit, rows: Rows) -> Iterator[Comparison]:
    """Yield a comparison for each panel that has several lines, of several runs each."""
    for panel, lines in selected(exhibit, rows).items():
        shared = [
            s for s in next(iter(lines.values())) if all(s in line for line in lines.values())
        ]
        found = {
            name: [_values(line, stratum) for stratum in shared] for name, line in lines.items()
        }
        if len(found) < 2 or not shared or max(map(_num_runs, found.values())) < 2:
            continue
        sign = -1 if exhibit.less_is_better else 1
        by_name = {name: scores.over_strata(strata) for name, strata in found.items()}
        ordered = sorted(found, key=lambda name: -sign * by_name[name].measured)
        kept = {name: found[name] for name in ordered[:_MOST_COMPARED]}
        title = titled(exhibit.title, panel)
        yield Comparison(
            title=title,
            measure=exhibit.measure_words or spoken(exhibit.measure),
            places=_places({name: by_name[name] for name in kept}),
            pairs=_pairs(kept, sign),
            profiles=tuple(_profiles(exhibit, title, kept)),
            note=_note(exhibit, kept, len(found), shared, lines),
        )


def _values(line: Line, stratum: str) -> Floats:
    return np.array([next(iter(values.values())) for values in line[stratum].values()])


def _num_runs(strata: Sequence[Floats]) -> int:
    return sum(len(values) for values in strata)


def _places(by_name: dict[str, Score]) -> tuple[Place, ...]:
    ends = [end for found in by_name.values() for end in (*found.interval, found.measured)]
    low, high = span(ends, margin=0.05)
    scale = Scale(low=low, high=high, start=4.0, end=STRIP - 4.0)
    return tuple(
        Place(
            name, found, (scale(found.interval[0]), scale(found.interval[1])), scale(found.measured)
        )
        for name, found in by_name.items()
    )


def _pairs(found: dict[str, list[Floats]], sign: int) -> tuple[tuple[Pair | None, ...], ...]:
    names = list(found)
    above: dict[tuple[str, str], Score] = {}
    for place, one in enumerate(names):
        for other in names[place + 1 :]:
            ours, theirs = ([sign * v for v in found[name]] for name in (one, other))
            told = scores.improvement(ours, theirs)
            low, high = told.interval
            above[one, other] = told
            above[other, one] = Score(1 - told.measured, (1 - high, 1 - low), told.n)
    return tuple(
        tuple(_pair(above[one, other]) if one != other else None for other in names)
        for one in names
    )


def _pair(told: Score) -> Pair:
    return Pair(told, not told.interval[0] <= 0.5 <= told.interval[1])


def _profiles(exhibit: Exhibit, title: str, found: dict[str, list[Floats]]) -> Iterator[Figure]:
    """Yield the share of runs that do better than each score."""
    every = np.unique(np.concatenate([values for strata in found.values() for values in strata]))
    low, high = span(every.tolist(), margin=0.02)
    thresholds = (
        every if len(every) <= _MOST_THRESHOLDS else np.linspace(low, high, _MOST_THRESHOLDS)
    )
    thresholds = np.unique([low, *thresholds, high])
    series = []
    for name, strata in found.items():
        shares, lows, highs = scores.profile(strata, thresholds, resamples=RESAMPLES)
        if exhibit.less_is_better:
            shares, lows, highs = 1 - shares, 1 - highs, 1 - lows
        columns = (column.tolist() for column in (thresholds, shares, lows, highs))
        points = tuple(Point(t, m, (lo, hi)) for t, m, lo, hi in zip(*columns, strict=True))
        series.append(Series(name=name, points=points))
    measure = exhibit.measure_words or spoken(exhibit.measure)
    for part in in_parts(series, list(found)):
        yield Figure(
            kind="scores",
            title=title,
            measure=f"share of runs {'at or below' if exhibit.less_is_better else 'above'}",
            over=measure,
            series=part,
            note="Performance profile: the share of runs that do better than each score, with its "
            "95 % bootstrap band. A line above another is better there.",
            extent=(0.0, 1.0),
            is_share=True,
            is_step=True,
        )


def _note(
    exhibit: Exhibit,
    kept: dict[str, list[Floats]],
    num_lines: int,
    shared: list[str],
    lines: dict[str, Line],
) -> str:
    counts = {_num_runs(strata) for strata in kept.values()}
    runs = f"{min(counts)}–{max(counts)}" if len(counts) > 1 else f"{max(counts)}"
    across = f" over {len(shared)} strata, which count alike" if len(shared) > 1 else ""
    num_strata = len({stratum for line in lines.values() for stratum in line})
    rest = (
        f" {num_strata - len(shared)} strata that not all have are left out."
        if num_strata > len(shared)
        else ""
    )
    more = f" The best {len(kept)} of {num_lines} are shown." if num_lines > len(kept) else ""
    better = "less" if exhibit.less_is_better else "more"
    return (
        f"Interquartile mean of {runs} runs each{across}, with its 95 % bootstrap interval; "
        f"{better} is better.{rest}{more}{few(min(counts))}"
    )
