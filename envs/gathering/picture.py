"""The ring as a picture: a pure function of who stands where."""

import math

import numpy as np
from numpy.typing import NDArray

from rallypoint.envs.drawing.canvas import (
    CELL,
    CROWD,
    GATHERED,
    GATHERED_CELL,
    GREY,
    INK,
    PALE_CROWD,
    PAPER,
    Canvas,
    Frame,
    Point,
)
from rallypoint.envs.drawing.captions import missing, percent_together, time_of
from rallypoint.envs.drawing.dots import Marks, draw_agent, draw_sample, noted
from rallypoint.envs.gathering import metrics

Positions = NDArray[np.int64]  # (N,) cells, -1 for an agent not in the world

# Lengths are shares of the picture's width.
_INNER, _OUTER, _RIM, _LABELS = 0.22, 0.42, 0.437, 0.468
_LARGEST, _SMALLEST = 0.062, 0.0145  # from one dot to the next
_GAP = 0.0075  # between cells
_SMALL = 0.032  # height of small letters
_AT_A_GLANCE = 4  # more dots than this are counted for the reader


def draw(
    positions: Positions,
    cells: int,
    *,
    marks: Marks | None = None,
    step: int | None = None,
    time_limit: int | None = None,
    size: int = 400,
) -> Frame:
    """Draw one copy: (size, size, 3).

    Cell 0 is at the top. Agents are dots where one cell would hold all of them, else each cell has
    a bar. The fullest three cells stand out once they hold 80 % of the living.

    Args:
        positions: (N,) cells, -1 for an agent not in the world.
        cells: L.
        marks: whom to draw apart, (N,) by name; see ``dots.MARKS``.
        step: how far the episode is.
        time_limit: how far it goes.
        size: width and height in pixels.
    """
    shown = marks or {}
    counts = metrics.counts(positions[None], cells)[0]
    gathered = bool(counts.any()) and bool(metrics.is_gathered(counts[None])[0])
    window = fullest_window(counts)
    dotted = dot_pitch(len(positions), cells) is not None

    canvas = Canvas(size)
    for cell in range(cells):
        inside = gathered and (cell - window) % cells < metrics.WINDOW
        colour = GATHERED_CELL if inside else CELL
        canvas.sector((cell - 0.5) / cells, (cell + 0.5) / cells, _OUTER, colour)
    if not dotted:
        _draw_bars(canvas, positions, cells, shown)
    for cell in range(cells):
        edge = canvas.at(_OUTER + 0.01, (cell + 0.5) / cells)
        canvas.line(canvas.at(0, 0), edge, min(_GAP, 0.5 / cells), PAPER)
    canvas.disc(canvas.at(0, 0), _INNER, PAPER)
    if dotted:
        _draw_dots(canvas, positions, cells, shown)
    if gathered:
        start, end = (window - 0.48) / cells, (window + metrics.WINDOW - 0.52) / cells
        canvas.arc(start, end, _RIM, 0.009, GATHERED)
    _draw_counts(canvas, counts, least=_AT_A_GLANCE + 1 if dotted else 1)
    _draw_centre(canvas, time_of(step, time_limit), counts, gathered=gathered)
    _draw_notes(canvas, positions, shown, dotted=dotted)
    return canvas.frame()


def fullest_window(counts: Positions) -> int:
    """Return where the fullest three cells begin; of equals, those with most in their middle.

    >>> fullest_window(np.array([4, 0, 0, 0, 0, 0]))
    5
    """
    middle = np.roll(counts, -1)
    windows = counts + middle + np.roll(counts, -2)
    return int((windows * (counts.sum() + 1) + middle).argmax())


def dot_pitch(count: int, cells: int) -> float | None:
    """Return the largest distance between dots at which a cell holds so many, if there is one."""
    for pitch in np.linspace(_LARGEST, _SMALLEST, 60).tolist():
        if sum(_places(pitch, cells)) >= count:
            return float(pitch)
    return None


def dots(count: int, pitch: float, cells: int) -> list[Point]:
    """Place so many dots on a cell, inner rows first: (radius, turns off the cell's middle)."""
    found: list[Point] = []
    for row, places in enumerate(_places(pitch, cells)):
        radius = _radius(row, pitch)
        filled = min(places, count - len(found))
        apart = pitch / (2 * math.pi * radius)
        found += [(radius, (i - (filled - 1) / 2) * apart) for i in range(filled)]
    return found


def _places(pitch: float, cells: int) -> list[int]:
    """How many dots each row of a cell holds, inner rows first."""
    rows = int((_OUTER - _INNER) / pitch - 0.2)
    widths = [2 * math.pi * _radius(row, pitch) / cells - _GAP for row in range(rows)]
    return [max(0, int(width / pitch)) for width in widths]


def _radius(row: int, pitch: float) -> float:
    return _INNER + (row + 0.6) * pitch


def _draw_dots(canvas: Canvas, positions: Positions, cells: int, marks: Marks) -> None:
    # One size for all, except where a crowd needs smaller dots to find room on its cell.
    usual = max(_AT_A_GLANCE, 2 * len(positions) // cells)
    for cell in range(cells):
        here = np.flatnonzero(positions == cell).tolist()
        pitch = dot_pitch(max(usual, len(here)), cells) or dot_pitch(len(here), cells) or _SMALLEST
        for agent, (radius, turn) in zip(here, dots(len(here), pitch, cells), strict=True):
            at = canvas.at(radius, cell / cells + turn)
            draw_agent(canvas, agent, at, pitch, marks)


def _draw_bars(canvas: Canvas, positions: Positions, cells: int, marks: Marks) -> None:
    marked = np.any([np.zeros(len(positions), dtype=bool), *marks.values()], axis=0)
    living = max(int((positions >= 0).sum()), 1)
    for cell in range(cells):
        here = positions == cell
        if total := int(here.sum()):
            start, end = (cell - 0.5) / cells, (cell + 0.5) / cells
            # The square root, so that a few among thousands are seen beside a crowd.
            reach = (_OUTER - _INNER) * math.sqrt(total / living)
            ordinary = int((here & ~marked).sum())
            canvas.sector(start, end, _INNER + reach, PALE_CROWD)
            canvas.sector(start, end, _INNER + reach * ordinary / total, CROWD)


def _draw_counts(canvas: Canvas, counts: Positions, least: int) -> None:
    room = 2 * math.pi * _LABELS / len(counts)
    for cell in np.flatnonzero(counts >= least).tolist():
        text = str(counts[cell])
        if canvas.length(text, _SMALL) < 0.8 * room:
            canvas.write(text, canvas.at(_LABELS, cell / len(counts)), _SMALL, GREY)


def _draw_centre(canvas: Canvas, when: str, counts: Positions, *, gathered: bool) -> None:
    colour = GATHERED if gathered else INK
    _write(canvas, when, -0.105, 0.036, GREY)
    percent = percent_together(float(metrics.largest_group(counts[None])[0]), gathered=gathered)
    _write(canvas, f"{percent} %", -0.025, 0.11, colour, bold=True)
    _write(canvas, "gathered" if gathered else "in the largest group", 0.055, _SMALL, GREY)


def _draw_notes(canvas: Canvas, positions: Positions, marks: Marks, *, dotted: bool) -> None:
    """Say who is gone, and how many have each mark, with a sample of it."""
    below = 0.105
    if gone := missing(positions >= 0):
        _write(canvas, gone, below)
        below += 0.042
    for name, mask in noted(marks).items():
        note = f"{int((mask & (positions >= 0)).sum())} {name}"
        _write(canvas, note, below, right=0.015)
        x, y = canvas.at(0, 0)
        left = 0.015 - canvas.length(note, _SMALL) / 2 - 0.022
        at = (x + left * canvas.width, y + below * canvas.width)
        draw_sample(canvas, name, at, dotted=dotted)
        below += 0.042


def _write(
    canvas: Canvas,
    text: str,
    below: float,
    height: float = _SMALL,
    colour: str = GREY,
    *,
    right: float = 0.0,
    bold: bool = False,
) -> None:
    """Write a line, measured from the middle of the picture."""
    x, y = canvas.at(0, 0)
    at = (x + right * canvas.width, y + below * canvas.width)
    canvas.write(text, at, height, colour, bold=bold)
