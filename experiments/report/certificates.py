"""Certificates beside attacks: what no lie can take, below what the strongest found does take."""

from collections.abc import Iterator

from rallypoint.experiments.exhibits import Exhibit
from rallypoint.experiments.report.breakdown import num_tried, worst_points
from rallypoint.experiments.report.figures import Figure, Point, Series, extent, spoken, titled
from rallypoint.experiments.report.metric_rows import Rows
from rallypoint.experiments.report.selection import Line, Panels, selected

_ATTACKED, _CERTIFIED = 1, 2  # styles


def certificate_figures(exhibit: Exhibit, rows: Rows) -> Iterator[Figure]:
    """Yield a figure for every panel and line."""
    attacked = selected(exhibit, rows)
    bounds = _bounds(exhibit, rows)
    for panel, lines in attacked.items():
        for name, line in lines.items():
            bound = worst_points(bounds.get(panel, {}).get(name, {}))
            strongest = worst_points(line, less_is_better=exhibit.less_is_better)
            if len(strongest) < 2 or not bound:
                continue
            tried = num_tried(line)
            attacks = Series(
                name=f"strongest of {tried} attacks" if tried > 1 else "attacked",
                points=strongest,
                style=_ATTACKED,
                thin=_each(line) if tried > 1 else (),
            )
            certified = Series(name="certified", points=bound, style=_CERTIFIED, is_bound=True)
            yield Figure(
                kind="certificate",
                title=titled(exhibit.title, panel, name),
                measure=exhibit.measure_words or spoken(exhibit.measure),
                over=exhibit.over_words or spoken(exhibit.over),
                series=(attacks, certified),
                extent=extent([attacks, certified]),
                note="Interquartile means over seeds, with their 95 % bootstrap intervals: what is "
                "certified against every lie of a size, and what the strongest attack on each "
                "seed leaves; thin: each attack.",
                finding=_finding(strongest, bound, less_is_better=exhibit.less_is_better),
            )


def _bounds(exhibit: Exhibit, rows: Rows) -> Panels:
    """Return what is certified; the attack in a row has nothing to do with it."""
    bare = Exhibit(
        kind="learning",
        measure=exhibit.certified,
        over=exhibit.over,
        lines=exhibit.lines,
        panels=exhibit.panels,
        where={c: only for c, only in exhibit.where.items() if c not in exhibit.among},
    )
    return selected(bare, rows)


def _each(line: Line) -> tuple[tuple[tuple[float, float], ...], ...]:
    every = (worst_points({"": by_seed}) for by_seed in line.values())
    return tuple(tuple((point.at, point.value) for point in points) for points in every)


def _finding(
    strongest: tuple[Point, ...], bound: tuple[Point, ...], *, less_is_better: bool
) -> str:
    """Say whether an attack was found that does what is certified to be impossible."""
    left = {point.at: point.value for point in strongest}
    shared = [(point.at, point.value, left[point.at]) for point in bound if point.at in left]
    if not shared:
        return ""
    sign = -1 if less_is_better else 1
    crossed = [f"{at:g}" for at, certified, found in shared if sign * (certified - found) > 0]
    if crossed:
        return f"At {', '.join(crossed)} an attack leaves less than is certified."
    sizes = f"all {len(shared)} sizes" if len(shared) > 1 else f"{shared[0][0]:g}"
    return f"At {sizes} what is certified is left."
