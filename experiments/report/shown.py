"""Everything that is drawn of a run, or of several beside each other, and what is left out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, TypeVar

from rallypoint.experiments.exhibits import Exhibit
from rallypoint.experiments.report.breakdown import breakdown_figures
from rallypoint.experiments.report.certificates import certificate_figures
from rallypoint.experiments.report.comparison import Comparison, compared
from rallypoint.experiments.report.figures import Figure
from rallypoint.experiments.report.found import found_exhibits
from rallypoint.experiments.report.learning import learning_figures
from rallypoint.experiments.report.metric_rows import Rows

T = TypeVar("T")

_HEADINGS = {
    "learning": "Learning curves",
    "breakdown": "Breakdown curves",
    "certificate": "Certificates beside attacks",
}


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What is drawn of one run."""

    figures: tuple[Figure, ...]
    comparisons: tuple[Comparison, ...]
    more: tuple[Figure, ...]  # curves that were found and not declared, where others were
    notes: tuple[str, ...]  # what is left out

    @property
    def groups(self) -> Iterator[tuple[str, str, list[Figure]]]:
        """The figures by kind: its name, a heading, and those of it."""
        for kind, heading in _HEADINGS.items():
            if alike := [figure for figure in self.figures if figure.kind == kind]:
                yield kind, heading, alike


def shown(
    exhibits: Sequence[Exhibit],
    rows: Rows,
    metrics: Mapping[str, Any],
    *,
    most: int,
    beside: str = "",
) -> Shown:
    """Draw what was declared, and the curves that are found besides; at most so many of each.

    Args:
        exhibits: what was declared.
        rows: of the run, or of several runs.
        metrics: of its summary.
        most: how many are drawn of each.
        beside: the column whose values are drawn beside each other; a sweep has one.
    """
    column = beside or ("cell" if any("cell" in row for row in rows) else "")
    declared = [_across(exhibit, column) for exhibit in exhibits]
    found = ((_across(exhibit, column), own) for exhibit, own in found_exhibits(rows, exhibits))
    drawn = _figures(((exhibit, rows) for exhibit in declared), metrics)
    besides = _figures(found, metrics)
    if not declared:
        drawn, besides = besides, iter(())
    tables = (
        comparison
        for exhibit in declared
        if exhibit.kind == "scores"
        for comparison in compared(exhibit, rows)
    )
    notes: list[str] = []
    return Shown(
        figures=_first(drawn, most, "figures", notes),
        comparisons=_first(tables, most, "comparisons of scores", notes),
        more=_first(besides, most, "more curves", notes),
        notes=tuple(notes),
    )


def _across(exhibit: Exhibit, column: str) -> Exhibit:
    """Return an exhibit in which a column tells lines apart, and what were its lines are apart."""
    if not column:
        return exhibit
    rest = tuple(name for name in exhibit.lines if name != column)
    if exhibit.kind == "scores":
        return replace(exhibit, among=(*exhibit.among, *rest), lines=(column,))
    return replace(exhibit, panels=(*exhibit.panels, *rest), lines=(column,))


def _figures(
    exhibits: Iterator[tuple[Exhibit, Rows]], metrics: Mapping[str, Any]
) -> Iterator[Figure]:
    for exhibit, rows in exhibits:
        match exhibit.kind:
            case "learning":
                yield from learning_figures(exhibit, rows)
            case "breakdown":
                yield from breakdown_figures(exhibit, rows, metrics)
            case "certificate":
                yield from certificate_figures(exhibit, rows)


def _first(every: Iterator[T], most: int, what: str, notes: list[str]) -> tuple[T, ...]:
    first = tuple(islice(every, most))
    if next(every, None) is not None:
        notes.append(f"Only the first {most} {what} are shown.")
    return first
