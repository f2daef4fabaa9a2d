"""The ring as text."""

from rallypoint.envs.drawing.captions import summary
from rallypoint.envs.drawing.dots import Marks
from rallypoint.envs.gathering import metrics
from rallypoint.envs.gathering.picture import Positions, fullest_window


def describe(
    positions: Positions,
    cells: int,
    *,
    marks: Marks | None = None,
    step: int | None = None,
    time_limit: int | None = None,
) -> str:
    """Say in two lines who stands where; brackets hold the fullest three cells.

    >>> import numpy as np
    >>> print(describe(np.array([0, 0, 1, 4, -1]), cells=6, step=3, time_limit=30))
    step 3 / 30, largest group 3 of 4 (75 %), gone: 1 of 5
     2  1] .  .  1 [.
    """
    counts = metrics.counts(positions[None], cells)
    said = summary(
        positions >= 0,
        float(metrics.largest_group(counts)[0]),
        gathered=bool(counts.any()) and bool(metrics.is_gathered(counts)[0]),
        marks=marks or {},
        step=step,
        time_limit=time_limit,
    )
    return f"{said}\n{_ring(counts[0])}"


def _ring(counts: Positions) -> str:
    cells = len(counts)
    first = fullest_window(counts)
    last = (first + metrics.WINDOW - 1) % cells
    width = len(str(counts.max()))
    pieces = []
    for cell, count in enumerate(counts.tolist()):
        before = "[" if counts.any() and cell == first else " "
        after = "]" if counts.any() and cell == last else " "
        pieces.append(f"{before}{str(count or '.').rjust(width)}{after}")
    return "".join(pieces).rstrip()
