"""What is drawn, before it is laid out: figures of lines with intervals, in plain numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from rallypoint.experiments.exhibits import Kind

MOST_LINES = 7  # of one figure: as many as there are colours that stay apart
_ENOUGH = 10  # runs, for their intervals to be about as wide as they say


class Point(NamedTuple):
    """What was found at one place along the axis, and its interval where several seeds tell."""

    at: float
    value: float
    interval: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class Series:
    """One line."""

    name: str
    points: tuple[Point, ...]
    style: int = 0  # which colour, dashes and marker: none of them says anything alone
    thin: tuple[tuple[tuple[float, float], ...], ...] = ()  # beside it: each seed, or each attack
    limit: float | None = None  # the place up to which theory promises something
    is_bound: bool = False  # a certificate, and nothing that was measured


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Lines over one axis."""

    kind: Kind
    title: str
    measure: str
    over: str
    series: tuple[Series, ...]
    note: str  # what lines, bands and marks are
    extent: tuple[float, float]  # of values, in all figures that are compared with this one
    is_share: bool = False  # whether the axis of values is from 0 to 1
    is_step: bool = False  # whether values stay until the next place
    finding: str = ""  # a sentence that the numbers say


def in_parts(lines: Sequence[Series], names: Sequence[str]) -> list[tuple[Series, ...]]:
    """Spread lines over as many figures as they need, each with a style of its own there.

    Where there are few names in all, a name has one style in every figure.
    """
    return [
        tuple(
            replace(line, style=names.index(line.name) if len(names) <= MOST_LINES else place)
            for place, line in enumerate(lines[start : start + MOST_LINES])
        )
        for start in range(0, len(lines), MOST_LINES)
    ]


def extent(lines: Sequence[Series]) -> tuple[float, float]:
    """Return the least and the largest value of lines, their intervals and what is beside them."""
    values = [
        value
        for line in lines
        for point in line.points
        for value in (point.value, *(point.interval or ()))
    ]
    values += [value for line in lines for own in line.thin for _, value in own]
    return min(values), max(values)


def titled(*parts: str) -> str:
    """Return a title of the parts that there are."""
    return ", ".join(filter(None, parts))


def few(num_runs: int) -> str:
    """Return what must be said of intervals over few runs."""
    if num_runs >= _ENOUGH:
        return ""
    return " Over so few runs an interval is a lower limit of the uncertainty."


def spoken(column: str) -> str:
    """Return a column's name as a label.

    >>> spoken("in_group")
    'in group'
    """
    return column.replace("_", " ").replace("/", ": ")
