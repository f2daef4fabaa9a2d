"""The torus as text."""

import numpy as np
from numpy.typing import NDArray

from rallypoint.envs.drawing.captions import summary
from rallypoint.envs.drawing.dots import Marks
from rallypoint.envs.torus import metrics
from rallypoint.envs.torus.picture import Positions, fullest_window


def describe(
    positions: Positions,
    width: int,
    *,
    marks: Marks | None = None,
    step: int | None = None,
    time_limit: int | None = None,
) -> str:
    """Say who stands where, the highest row first; brackets hold the fullest 3 x 3 cells.

    >>> print(describe(np.array([[0, 0], [0, 0], [1, 4], [3, 2]]), width=5, step=3, time_limit=50))
    step 3 / 50, largest group 3 of 4 (75 %)
     .  1] .  . [.
     .  .  .  .  .
     .  .  .  1  .
     .  .] .  . [.
     2  .] .  . [.
    """
    present = positions[:, 0] >= 0
    counts = metrics.counts(positions[None], width)
    said = summary(
        present,
        float(metrics.largest_group(counts)[0]),
        gathered=bool(present.any()) and bool(metrics.is_gathered(counts)[0]),
        marks=marks or {},
        step=step,
        time_limit=time_limit,
    )
    return "\n".join([said, *_rows(counts[0])])


def _rows(counts: NDArray[np.int64]) -> list[str]:
    width = len(counts)
    column, row = fullest_window(counts)
    rows = [(row + shift) % width for shift in (-1, 0, 1)] if counts.any() else []
    left, right = (column - 1) % width, (column + 1) % width
    digits = len(str(counts.max()))
    lines = []
    for y in reversed(range(width)):
        line = ""
        for x in range(width):
            before = "[" if y in rows and x == left else " "
            after = "]" if y in rows and x == right else " "
            line += f"{before}{str(counts[x, y] or '.').rjust(digits)}{after}"
        lines.append(line.rstrip())
    return lines
