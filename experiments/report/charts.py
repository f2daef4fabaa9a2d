"""Curves as drawings: lines, bands and ticks as places, which the template only writes out."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rallypoint.experiments.report.curves import Curve, Series
from rallypoint.experiments.report.scales import Scale, label, span

WIDTH, HEIGHT = 440.0, 270.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, 20.0, 26.0, 42.0  # room for ticks and labels


class Tick(NamedTuple):
    """A number beside an axis."""

    place: float
    text: str


class Line(NamedTuple):
    """One series, drawn."""

    name: str
    mean: str  # points of a polyline
    band: str  # points of a polygon; empty where one seed tells
    seeds: tuple[str, ...]


class Chart(NamedTuple):
    """A curve, drawn."""

    title: str
    x_label: str
    y_label: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    lines: tuple[Line, ...]
    words: str  # for who does not see it
    note: str


def draw_chart(curve: Curve) -> Chart:
    """Draw a curve."""
    moments = [point.at for series in curve.series for point in series.points]
    values = [value for series in curve.series for value in _values(series)]
    spread = _is_spread_by_factors(moments)
    x = Scale(
        low=min(moments), high=max(moments), start=LEFT, end=WIDTH - RIGHT, logarithmic=spread
    )
    low, high = span([*values, *([0.0, 1.0] if _are_shares(values) else [])], margin=0.05)
    y = Scale(low=low, high=high, start=HEIGHT - BOTTOM, end=TOP)
    ticks = x.ticks()
    if spread and len(ticks) < 3:
        ticks = sorted({*ticks, min(moments), max(moments)})
    clock = curve.clock.replace("_", " ")
    return Chart(
        title=curve.about,
        x_label=f"{clock} (logarithmic)" if spread else clock,
        y_label=curve.measure.replace("_", " "),
        x_ticks=tuple(Tick(x(value), label(value)) for value in ticks),
        y_ticks=tuple(Tick(y(value), label(value)) for value in y.ticks()),
        lines=tuple(_line(series, x, y) for series in curve.series),
        words=_words(curve),
        note=_note(curve),
    )


def _line(series: Series, x: Scale, y: Scale) -> Line:
    held = [point for point in series.points if point.interval is not None]
    lower = [(point.at, point.interval[0]) for point in held if point.interval]
    upper = [(point.at, point.interval[1]) for point in held if point.interval]
    return Line(
        name=series.name,
        mean=_places(((point.at, point.mean) for point in series.points), x, y),
        band=_places([*lower, *reversed(upper)], x, y) if len(held) > 1 else "",
        seeds=tuple(_places(seed, x, y) for seed in series.seeds if len(series.seeds) > 1),
    )


def _places(points: Iterable[tuple[float, float]], x: Scale, y: Scale) -> str:
    return " ".join(f"{x(at):g},{y(value):g}" for at, value in points)


def _values(series: Series) -> Iterable[float]:
    for point in series.points:
        yield point.mean
        yield from point.interval or ()
    for seed in series.seeds:
        yield from (value for _, value in seed)


def _are_shares(values: Sequence[float]) -> bool:
    return min(values) >= 0 and max(values) <= 1 and max(values) - min(values) > 0.3


def _is_spread_by_factors(moments: Sequence[float]) -> bool:
    """Tell whether moments were chosen closer together early on, where learning is fast."""
    low, high = min(moments), max(moments)
    inner = sorted(moments)[len(moments) // 2]
    return low > 0 and high >= 50 * low and inner < (low + high) / 5


def _words(curve: Curve) -> str:
    ends = [
        f"{series.name + ': ' if series.name else ''}{curve.measure.replace('_', ' ')} goes from "
        f"{series.points[0].mean:.3g} at {curve.clock} {label(series.points[0].at)} to "
        f"{series.points[-1].mean:.3g} at {label(series.points[-1].at)}"
        for series in curve.series
    ]
    return f"Curve of {curve.about or 'the run'}. {'; '.join(ends)}."


def _note(curve: Curve) -> str:
    if curve.num_seeds < 2:
        return "One seed."
    return f"Mean over {curve.num_seeds} seeds, band: its 95 % bootstrap interval, thin: each seed."
