"""The numbers that an exhibit is about, taken out of rows: by panel, line, stratum and seed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rallypoint.experiments.exhibits import Exhibit
from rallypoint.experiments.report.metric_rows import Rows, is_number
from rallypoint.experiments.report.words import value as in_words

Values = dict[float, float]  # what was measured, by place along the axis
Line = dict[str, dict[str, Values]]  # by stratum and seed
Panels = dict[str, dict[str, Line]]  # by panel and line

_MOST_LETTERS = 60  # of a name


def selected(exhibit: Exhibit, rows: Rows) -> Panels:
    """Return what rows say of an exhibit's measure.

    Of numbers of one seed at one place the last counts: it was measured last.
    """
    found: Panels = {}
    named = (*exhibit.panels, *exhibit.lines, *exhibit.among)
    for row in rows:
        if not all(column in row for column in named) or not _is_meant(exhibit, row):
            continue
        for stratum, at, value in _numbers(exhibit, row, exhibit.measure):
            lines = found.setdefault(called(row, exhibit.panels), {})
            strata = lines.setdefault(called(row, exhibit.lines), {})
            by_seed = strata.setdefault(stratum, {})
            by_seed.setdefault(in_words(row.get("seed", "")), {})[at] = value
    return found


def called(row: Mapping[str, Any], columns: Sequence[str]) -> str:
    """Name a row by some of its columns.

    >>> called({"rule": "krum", "f": 2, "quick": True}, ["rule", "f", "quick"])
    'krum, f 2, quick'
    """
    words = []
    for column in columns:
        match content := row[column]:
            case str():
                words.append(content)
            case bool():
                words.append(column if content else f"no {column}")
            case float():
                words.append(f"{column.replace('_', ' ')} {content:g}")
            case _:
                words.append(f"{column.replace('_', ' ')} {in_words(content)}")
    name = ", ".join(words)
    return name if len(name) <= _MOST_LETTERS else name[: _MOST_LETTERS - 2] + " …"


def _is_meant(exhibit: Exhibit, row: Mapping[str, Any]) -> bool:
    return all(column in row and row[column] in only for column, only in exhibit.where.items())


def _numbers(
    exhibit: Exhibit, row: Mapping[str, Any], measure: str
) -> Iterator[tuple[str, float, float]]:
    """Yield stratum, place and value of each number in a row."""
    stratum = called(row, exhibit.among) if measure == exhibit.measure else ""
    content = row.get(measure)
    if isinstance(content, dict):
        for key, inner in content.items():
            named = f"{stratum}, {key}" if stratum else key
            yield from _along(exhibit, row, named, inner)
    else:
        yield from _along(exhibit, row, stratum, content)


def _along(
    exhibit: Exhibit, row: Mapping[str, Any], stratum: str, content: Any
) -> Iterator[tuple[str, float, float]]:
    place = row.get(exhibit.over) if exhibit.over else 0.0
    if isinstance(content, list):
        if not isinstance(place, list):
            place = range(1, len(content) + 1)
        pairs = list(zip(place, content, strict=False))
        if exhibit.kind == "scores":
            pairs = [(0.0, value) for _, value in pairs]
    else:
        pairs = [(0.0 if exhibit.kind == "scores" else place, content)]
    for at, value in pairs:
        if is_number(at) and is_number(value):
            yield stratum, float(at), _within(exhibit, float(value))


def _within(exhibit: Exhibit, value: float) -> float:
    if exhibit.at_least is not None:
        value = max(value, exhibit.at_least)
    return value if exhibit.at_most is None else min(value, exhibit.at_most)
