"""``metrics.jsonl``, read back: the lines of a run, as far as it came."""

from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from rallypoint.errors import UnreadableFile
from rallypoint.experiments.report.foreign import MOST_BYTES, check_plain

Rows = tuple[dict[str, Any], ...]


class MetricRows(NamedTuple):
    """The rows, and what must be said about them."""

    rows: Rows
    notes: tuple[str, ...] = ()


def read_rows(path: Path) -> MetricRows:
    """Read all rows; a last line that a run was stopped in is left out, with a note.

    Raises:
        UnreadableFile: another line is no row; says which.
    """
    if not path.exists():
        return MetricRows(
            (), (f"{path.name} is missing: no curves, and no dots for single seeds.",)
        )
    check_plain(path)
    if (size := path.stat().st_size) > MOST_BYTES:
        note = f"{path.name} has {size:,} bytes, too many to draw: no curves, no dots for seeds."
        return MetricRows((), (note,))
    rows: list[dict[str, Any]] = []
    *lines, rest = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines, start=1):
        try:
            rows.append(msgspec.json.decode(line, type=dict[str, Any]))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise UnreadableFile(f"{path}, line {number}, is no row of metrics: {error}") from error
    if rest.strip():  # every whole line ends in a newline
        return MetricRows(tuple(rows), (f"The last line of {path.name} was cut off; left out.",))
    return MetricRows(tuple(rows))


def numbers(rows: Rows, column: str) -> list[float]:
    """Return a column's numbers, where it has any."""
    return [float(row[column]) for row in rows if is_number(row.get(column))]


def is_number(value: Any) -> bool:
    """Tell numbers, as large as can be drawn, from truth values and everything else."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e100
