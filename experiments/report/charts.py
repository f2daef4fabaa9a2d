"""Figures as drawings: lines, bands, markers and ticks as places, which the template writes out."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from rallypoint.experiments.report.figures import Figure, Series
from rallypoint.experiments.report.markers import marked
from rallypoint.experiments.report.scales import Scale, label, span
from rallypoint.experiments.tables import number

WIDTH, HEIGHT = 440.0, 270.0
LEFT, RIGHT, TOP, BOTTOM = 50.0, 20.0, 26.0, 42.0  # room for ticks and labels
_FACTOR = 300.0  # values further apart than that are drawn by their logarithms
_MOST_ROWS = 12  # of the table below
_MOST_MARKERS = 9  # of a line


class Tick(NamedTuple):
    """A number beside an axis."""

    place: float
    text: str


class Line(NamedTuple):
    """One series, drawn."""

    name: str
    style: int
    mean: str  # points of a polyline
    band: str  # points of a polygon; empty where one seed tells
    markers: str  # a path
    thin: tuple[str, ...]
    limit: tuple[float, float] | None  # where theory ends
    is_bound: bool


class Chart(NamedTuple):
    """A figure, drawn."""

    title: str
    x_label: str
    y_label: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    lines: tuple[Line, ...]
    words: str  # for who does not see it
    note: str
    finding: str
    table: tuple[tuple[str, ...], ...]  # place, and what each line has there


def draw_chart(figure: Figure) -> Chart:
    """Draw a figure."""
    places = [point.at for series in figure.series for point in series.points]
    least, largest = figure.extent
    wide = all(_is_spread_by_factors([p.at for p in line.points]) for line in figure.series)
    tall = least > 0 and largest > _FACTOR * least
    x = _scale_of_places(places, logarithmic=wide)
    if tall:
        low, high = least / 1.5, largest * 1.5
    elif _is_share(figure):
        low, high = 0.0, 1.0
    else:
        low, high = span([least, largest], margin=0.05)
    y = Scale(low=low, high=high, start=HEIGHT - BOTTOM, end=TOP, logarithmic=tall)
    return Chart(
        title=figure.title,
        x_label=f"{figure.over} (logarithmic)" if wide else figure.over,
        y_label=f"{figure.measure} (logarithmic)" if tall else figure.measure,
        x_ticks=tuple(Tick(x(value), label(value)) for value in _ticks(x, places, whole=True)),
        y_ticks=tuple(Tick(y(value), label(value)) for value in _ticks(y, (low, high))),
        lines=tuple(_line(figure, series, x, y) for series in figure.series),
        words=_words(figure),
        note=figure.note,
        finding=figure.finding,
        table=tuple(_table(figure)),
    )


def _scale_of_places(places: Sequence[float], *, logarithmic: bool) -> Scale:
    low, high = min(places), max(places)
    if low == high:
        low, high = low - 0.5, high + 0.5
    return Scale(low=low, high=high, start=LEFT, end=WIDTH - RIGHT, logarithmic=logarithmic)


def _ticks(scale: Scale, values: Sequence[float], *, whole: bool = False) -> list[float]:
    """Return ticks; whole numbers where all that is counted are, if asked for."""
    ticks = scale.ticks()
    if scale.logarithmic:
        if len(ticks) < 3:
            return sorted({*ticks, min(values), max(values)})
        return ticks[:: -(-len(ticks) // 7)]
    if whole and all(value == int(value) for value in values):
        return [tick for tick in ticks if tick == int(tick)]
    return ticks


def _line(figure: Figure, series: Series, x: Scale, y: Scale) -> Line:
    held = [(point.at, point.interval) for point in series.points if point.interval is not None]
    mean = [(point.at, point.value) for point in series.points]
    lower = [(at, ends[0]) for at, ends in held]
    upper = [(at, ends[1]) for at, ends in held]
    if figure.is_step:
        mean, lower, upper = map(_stepped, (mean, lower, upper))
    step = -(-len(series.points) // _MOST_MARKERS)
    return Line(
        name=series.name,
        style=series.style % 7,
        mean=_places(mean, x, y),
        band=_places([*lower, *reversed(upper)], x, y) if len(held) > 1 else "",
        markers=marked(series.style, [(x(p.at), y(p.value)) for p in series.points[::step]]),
        thin=tuple(_places(own, x, y) for own in series.thin),
        limit=_limit(series, x, y),
        is_bound=series.is_bound,
    )


def _stepped(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return points such that each value stays until the next place."""
    corners = [(at, value) for (_, value), (at, _) in pairwise(points)]
    between = [point for pair in zip(points, corners, strict=False) for point in pair]
    return [*between, points[-1]]


def _limit(series: Series, x: Scale, y: Scale) -> tuple[float, float] | None:
    """Return where a line is when what theory promises of it ends."""
    if series.limit is None or not x.low <= series.limit <= x.high:
        return None
    earlier = [point for point in series.points if point.at <= series.limit]
    later = [point for point in series.points if point.at >= series.limit]
    if not earlier or not later:
        return None
    before, after = earlier[-1], later[0]
    share = (series.limit - before.at) / (after.at - before.at) if after.at > before.at else 0.0
    return x(series.limit), round(y(before.value) + share * (y(after.value) - y(before.value)), 1)


def _places(points: Iterable[tuple[float, float]], x: Scale, y: Scale) -> str:
    return " ".join(f"{x(at):g},{y(value):g}" for at, value in points)


def _is_share(figure: Figure) -> bool:
    low, high = figure.extent
    return figure.is_share or (low >= 0 and high <= 1 and high - low > 0.3)


def _is_spread_by_factors(places: Sequence[float]) -> bool:
    """Tell whether places were chosen closer together early on, where learning is fast."""
    low, high = min(places), max(places)
    inner = sorted(places)[len(places) // 2]
    return low > 0 and high >= 50 * low and inner < (low + high) / 5


def _words(figure: Figure) -> str:
    ends = [
        f"{series.name + ': ' if series.name else ''}{figure.measure} goes from "
        f"{series.points[0].value:.3g} at {figure.over} {label(series.points[0].at)} to "
        f"{series.points[-1].value:.3g} at {label(series.points[-1].at)}"
        for series in figure.series
    ]
    return f"Curve of {figure.title or 'the run'}. {'; '.join(ends)}."


def _table(figure: Figure) -> Iterable[tuple[str, ...]]:
    """Yield rows of numbers at some places of the axis, from end to end."""
    every = sorted({point.at for series in figure.series for point in series.points})
    step = (len(every) - 1) / max(1, min(_MOST_ROWS, len(every)) - 1)
    told = [{point.at: point for point in series.points} for series in figure.series]
    for at in dict.fromkeys(every[round(row * step)] for row in range(min(_MOST_ROWS, len(every)))):
        cells = []
        for points in told:
            if (point := points.get(at)) is None:
                cells.append("–")
            elif point.interval is None:
                cells.append(number(point.value))
            else:
                low, high = point.interval
                cells.append(f"{number(point.value)} [{number(low)}, {number(high)}]")
        yield label(at), *cells
