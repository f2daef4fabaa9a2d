"""What ``render`` gives back: a picture, a window or lines of text."""

from rallypoint.envs.gathering import metrics
from rallypoint.envs.gathering.canvas import Frame
from rallypoint.envs.gathering.picture import (
    Marks,
    Positions,
    draw,
    fullest_window,
    percent_together,
)
from rallypoint.envs.gathering.window import Window
from rallypoint.errors import InvalidConfig

_WINDOW_SIZE = 640  # pixels


class Renderer:
    """Shows copies of the ring in one render mode."""

    def __init__(self, mode: str | None, *, fps: float) -> None:
        """Prepare to render.

        Raises:
            InvalidConfig: the world was made without a render mode.
            Unavailable: "human" without pygame.
        """
        if mode is None:
            raise InvalidConfig(
                "a world renders in the mode it was made with, and this one has none; make it with "
                "render_mode='rgb_array', 'human' or 'ansi'"
            )
        self._mode = mode
        self._window = Window("gathering", fps) if mode == "human" else None

    def show(
        self,
        positions: Positions,
        cells: int,
        *,
        marks: Marks | None,
        step: int,
        time_limit: int | None,
    ) -> Frame | str | None:
        """Show one copy; None where it went to a window."""
        if self._mode == "ansi":
            return describe(positions, cells, marks=marks, step=step, time_limit=time_limit)
        size = 400 if self._window is None else _WINDOW_SIZE
        frame = draw(positions, cells, marks=marks, step=step, time_limit=time_limit, size=size)
        if self._window is None:
            return frame
        self._window.show(frame)
        return None

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._window is not None:
            self._window.close()


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
    step 3/30, largest group 3 of 4 (75 %), gone: 1 of 5
     2  1] .  .  1 [.
    """
    counts = metrics.counts(positions[None], cells)[0]
    living = int(counts.sum())
    largest = round(float(metrics.largest_group(counts[None])[0]) * living)
    said = [] if step is None else [f"step {step}" + (f"/{time_limit}" if time_limit else "")]
    said.append(f"largest group {largest} of {living} ({percent_together(counts)} %)")
    if living and metrics.is_gathered(counts[None])[0]:
        said.append("gathered")
    if living < len(positions):
        said.append(f"gone: {len(positions) - living} of {len(positions)}")
    present = positions >= 0
    said += [f"{name}: {int((mask & present).sum())}" for name, mask in (marks or {}).items()]
    return f"{', '.join(said)}\n{_ring(counts)}"


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
