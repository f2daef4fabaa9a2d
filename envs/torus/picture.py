"""The torus as a picture: a pure function of who stands where."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rallypoint.envs.drawing import canvas as look
from rallypoint.envs.drawing.canvas import Canvas, Frame, Point
from rallypoint.envs.drawing.captions import missing, percent_together, time_of
from rallypoint.envs.drawing.dots import Marks, draw_agent, draw_sample, noted
from rallypoint.envs.torus import metrics
from rallypoint.envs.torus.dynamics import MOVES

Positions = NDArray[np.int64]  # (N, 2) columns and rows, -1 for an agent not in the world

# Lengths are shares of the picture's width.
_LEFT, _TOP, _SIDE = 0.085, 0.105, 0.83  # where the torus lies
_HEAD, _FOOT = 0.055, 0.966  # where lines of text lie
_FILLED = 0.92  # of a cell's side
_FRAME = 0.008  # thickness, round a group
_SMALLEST = 0.0085  # from one dot to the next
_SMALL, _LARGE = 0.032, 0.058  # heights of letters


def draw(
    positions: Positions,
    width: int,
    *,
    marks: Marks | None = None,
    step: int | None = None,
    time_limit: int | None = None,
    size: int = 400,
) -> Frame:
    """Draw one copy: (size, size, 3).

    Columns grow to the right and rows upwards; what leaves at one edge comes in at the opposite
    one. Agents are dots where one cell would hold all of them, else a square grows with the number
    on its cell. The fullest 3 x 3 cells stand out once they hold 80 % of the living.

    Args:
        positions: (N, 2) columns and rows, -1 for an agent not in the world.
        width: W.
        marks: whom to draw apart, (N,) by name.
        step: how far the episode is.
        time_limit: how far it goes.
        size: width and height in pixels.
    """
    shown = marks or {}
    present = positions[:, 0] >= 0
    counts = metrics.counts(positions[None], width)
    gathered = bool(present.any()) and bool(metrics.is_gathered(counts)[0])
    canvas = Canvas(size)
    _draw_cells(canvas, counts[0], gathered=gathered)
    dotted = _per_side(len(positions)) * _SMALLEST <= _FILLED * _SIDE / width
    for cell in np.argwhere(counts[0]).tolist():
        here = np.flatnonzero((positions == cell).all(axis=1))
        middle, side = _place(canvas, cell, width), _FILLED * _SIDE / width
        if dotted:
            _draw_dots(canvas, here, middle, side, shown)
        else:
            # Areas go with the root, so that a few among thousands are seen beside a crowd.
            _draw_crowd(canvas, here, middle, side * (len(here) / present.sum()) ** 0.25, shown)
    percent = percent_together(float(metrics.largest_group(counts)[0]), gathered=gathered)
    _draw_head(canvas, f"{percent} %", time_of(step, time_limit), gathered=gathered)
    _draw_notes(canvas, present, shown, dotted=dotted)
    return canvas.frame()


def fullest_window(counts: NDArray[np.int64]) -> tuple[int, int]:
    """Return the middle of the fullest 3 x 3 cells; of equals, the one with most on it.

    >>> fullest_window(np.diag([0, 0, 0, 0, 4]))
    (4, 4)
    """
    ranked = metrics.windows(counts) * (counts.sum() + 1) + counts
    column, row = np.unravel_index(ranked.argmax(), counts.shape)
    return int(column), int(row)


def _place(canvas: Canvas, cell: Sequence[int], width: int) -> Point:
    """Return the middle of a cell; row 0 is at the bottom."""
    pitch = _SIDE / width
    column, row = cell
    return canvas.point(_LEFT + (column + 0.5) * pitch, _TOP + _SIDE - (row + 0.5) * pitch)


def _draw_cells(canvas: Canvas, counts: NDArray[np.int64], *, gathered: bool) -> None:
    width = len(counts)
    inside = np.zeros(counts.shape, dtype=np.int64)
    if gathered:
        inside[fullest_window(counts)] = 1
        inside = metrics.windows(inside)
    for cell in np.ndindex(counts.shape):
        colour = look.GATHERED_CELL if inside[cell] else look.CELL
        canvas.tile(_place(canvas, cell, width), _FILLED * _SIDE / width, colour)
    for column, row in np.argwhere(inside).tolist():
        for to_right, up in MOVES[1:]:
            if not inside[(column + to_right) % width, (row + up) % width]:
                _draw_edge(canvas, (column, row), (to_right, up), width)


def _draw_edge(canvas: Canvas, cell: Sequence[int], side: Sequence[int], width: int) -> None:
    """Draw a frame's piece between a cell and its neighbour on one side."""
    (x, y), half = _place(canvas, cell, width), canvas.width * _SIDE / width / 2
    to_right, up = side
    x, y = x + half * to_right, y - half * up
    along_x, along_y = half * abs(up), half * abs(to_right)
    canvas.line((x - along_x, y - along_y), (x + along_x, y + along_y), _FRAME, look.GATHERED)
    for sign in (-1, 1):  # a frame has round corners
        canvas.disc((x + sign * along_x, y + sign * along_y), _FRAME / 2, look.GATHERED)


def _per_side(count: int) -> int:
    """How many dots stand side by side on a cell that holds so many."""
    return math.ceil(math.sqrt(count))


def _draw_dots(
    canvas: Canvas, here: NDArray[np.intp], middle: Point, side: float, marks: Marks
) -> None:
    per_side = _per_side(len(here))
    pitch = side / max(per_side, 1.25)  # one alone leaves some of its cell free
    num_rows = math.ceil(len(here) / per_side)
    for place, agent in enumerate(here.tolist()):
        row, column = divmod(place, per_side)
        in_row = min(per_side, len(here) - row * per_side)
        right, below = canvas.point(
            (column - (in_row - 1) / 2) * pitch, (row - (num_rows - 1) / 2) * pitch
        )
        draw_agent(canvas, agent, (middle[0] + right, middle[1] + below), pitch, marks)


def _draw_crowd(
    canvas: Canvas, here: NDArray[np.intp], middle: Point, side: float, marks: Marks
) -> None:
    marked = [mask[here] for mask in marks.values()]
    ordinary = ~np.any([np.zeros(len(here), dtype=bool), *marked], axis=0)
    canvas.tile(middle, side, look.PALE_CROWD)
    if ordinary.any():
        canvas.tile(middle, side * math.sqrt(ordinary.mean()), look.CROWD)


def _draw_head(canvas: Canvas, percent: str, when: str, *, gathered: bool) -> None:
    said = "gathered" if gathered else "in the largest group"
    colour = look.GATHERED if gathered else look.INK
    right = canvas.write_from(percent, _LEFT, _HEAD, _LARGE, colour, bold=True)
    canvas.write_from(said, right + 0.015, _HEAD + 0.008, _SMALL, look.GREY)
    left = _LEFT + _SIDE - canvas.length(when, _SMALL)
    canvas.write_from(when, left, _HEAD + 0.008, _SMALL, look.GREY)


def _draw_notes(canvas: Canvas, present: NDArray[np.bool_], marks: Marks, *, dotted: bool) -> None:
    """Say who is gone, and how many have each mark, with a sample of it."""
    left = _LEFT
    if gone := missing(present):
        left = canvas.write_from(gone, left, _FOOT, _SMALL, look.GREY) + 0.04
    for name, mask in noted(marks).items():
        draw_sample(canvas, name, canvas.point(left + 0.014, _FOOT), dotted=dotted)
        note = f"{int((mask & present).sum())} {name}"
        left = canvas.write_from(note, left + 0.036, _FOOT, _SMALL, look.GREY) + 0.04
