"""Learning curves: the interquartile mean over seeds at every moment, with its band."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from rallypoint import scores
from rallypoint.draws import Floats
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
from rallypoint.experiments.report.metric_rows import Rows
from rallypoint.experiments.report.selection import Line, Values, selected

LEAST_POINTS = 3  # two points are a comparison, not a curve
RESAMPLES = 1999  # of what is looked at, and judges nothing
_MOST_POINTS = 80  # more are too close to be seen apart
_MOST_THIN = 10  # seeds whose own lines are drawn
_MOST_WITH_SEEDS = 3  # lines with those of their seeds, before nothing can be seen


def learning_figures(exhibit: Exhibit, rows: Rows) -> Iterator[Figure]:
    """Yield a figure for each panel, or more where there are more lines than colours."""
    panels = selected(exhibit, rows)
    names = list(dict.fromkeys(name for lines in panels.values() for name in lines))
    for panel, lines in panels.items():
        every = [_series(name, line) for name, line in lines.items()]
        drawn = [series for series in every if series is not None]
        for part in in_parts(drawn, names):
            clear = len(part) <= _MOST_WITH_SEEDS
            yield Figure(
                kind="learning",
                title=titled(exhibit.title, panel),
                measure=exhibit.measure_words or spoken(exhibit.measure),
                over=exhibit.over_words or spoken(exhibit.over),
                series=part if clear else tuple(replace(line, thin=()) for line in part),
                extent=extent(drawn),
                note=_note(part if clear else (), [lines[series.name] for series in part]),
            )


def on_one_grid(by_seed: Sequence[Values]) -> tuple[Floats, Floats]:
    """Return moments (P,), and what each seed had at them: (S, P).

    Seeds that tell of the same moments are taken as they are. Others are interpolated between
    their own, over the time that all of them tell of.
    """
    first = max(min(values) for values in by_seed)
    last = min(max(values) for values in by_seed)
    every = np.unique([at for values in by_seed for at in values if first <= at <= last])
    if len(every) > _MOST_POINTS:
        every = every[np.linspace(0, len(every) - 1, _MOST_POINTS).round().astype(int)]
    found = [np.interp(every, *np.array(sorted(values.items())).T) for values in by_seed]
    return every, np.array(found).reshape(len(by_seed), len(every))


def _series(name: str, line: Line) -> Series | None:
    told = [[v for v in by_seed.values() if len(v) >= LEAST_POINTS] for by_seed in line.values()]
    strata = [by_seed for by_seed in told if by_seed]
    if not strata:
        return None
    moments, found = on_one_grid([values for by_seed in strata for values in by_seed])
    if len(moments) < LEAST_POINTS:
        return None
    ends = np.cumsum([len(by_seed) for by_seed in strata])[:-1]
    places = moments.tolist()
    if len(found) == 1:
        points = [Point(at, value) for at, value in zip(places, found[0].tolist(), strict=True)]
        return Series(name=name, points=tuple(points))
    band = scores.band(np.split(found, ends), resamples=RESAMPLES)
    columns = (places, *(column.tolist() for column in band))
    return Series(
        name=name,
        points=tuple(Point(a, m, (lo, hi)) for a, m, lo, hi in zip(*columns, strict=True)),
        thin=tuple(tuple(zip(places, own, strict=True)) for own in found.tolist())
        if len(found) <= _MOST_THIN
        else (),
    )


def _note(told: Sequence[Series], lines: Sequence[Line]) -> str:
    seeds = {len(by_seed) for line in lines for by_seed in line.values()}
    strata = max(len(line) for line in lines)
    if max(seeds) * strata < 2:
        return "One seed."
    count = f"{min(seeds)}–{max(seeds)}" if len(seeds) > 1 else f"{max(seeds)}"
    across = f" in each of {strata} settings" if strata > 1 else ""
    thin = "; thin: each of them" if any(series.thin for series in told) else ""
    return (
        f"Interquartile mean over {count} seeds{across}, band: its 95 % bootstrap interval{thin}."
        f"{few(min(seeds) * strata)}"
    )
