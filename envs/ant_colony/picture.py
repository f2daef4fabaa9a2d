"""A colony as a picture: a column for each thing that ants do, and how pressing each task is."""

import math

from rallypoint.envs.ant_colony.scene import Scene
from rallypoint.envs.drawing import canvas as look
from rallypoint.envs.drawing.canvas import Canvas, Frame
from rallypoint.envs.drawing.dots import Marks, draw_agent, noted

# Lengths are shares of the picture's width.
_LEFT, _SIDE = 0.05, 0.9
_HEAD, _FOOT, _NAMES = 0.05, 0.966, 0.915
_GAUGE_TOP, _GAUGE_BOTTOM = 0.12, 0.36  # a stimulus of 0 is at the bottom, the cap at the top
_DOTS_TOP, _DOTS_BOTTOM = 0.42, 0.88
_SMALL = 0.032
_WIDEST = 0.05  # from one dot to the next


def draw(scene: Scene, *, marks: Marks | None = None, size: int = 400) -> Frame:
    """Draw a colony: (size, size, 3).

    Ants that only seem to work are pale rings. The line through a column is as many ants as the
    task needs, from below.
    """
    canvas = Canvas(size)
    canvas.write_from(scene.when, _LEFT, _HEAD, _SMALL, look.GREY)
    canvas.write_from("stimulus", _LEFT, _GAUGE_TOP - 0.025, 0.75 * _SMALL, look.GREY)
    num_columns = len(scene.stimuli) + 1
    width = _SIDE / num_columns
    for column in range(num_columns):
        _draw_column(canvas, scene, column, width, marks or {})
    canvas.write_from(", ".join(scene.notes(noted(marks or {}))), _LEFT, _FOOT, _SMALL, look.GREY)
    return canvas.frame()


def _draw_column(canvas: Canvas, scene: Scene, column: int, width: float, marks: Marks) -> None:
    """Draw one task with its ants, or the idle ones in column 0."""
    left = _LEFT + column * width
    middle = left + width / 2
    ants = scene.doing(column)
    ants = ants[(~scene.works[ants]).argsort(kind="stable")]  # those who work fill it first
    pitch, per_row = _dots(len(scene.alive), 0.86 * width)
    start = middle - (per_row - 1) / 2 * pitch
    for place, ant in enumerate(ants.tolist()):
        row, across = divmod(place, per_row)
        at = canvas.point(start + across * pitch, _DOTS_BOTTOM - (row + 0.5) * pitch)
        draw_agent(canvas, ant, at, pitch, marks)
        if column and not scene.works[ant]:
            canvas.disc(at, 0.3 * pitch, look.PAPER)
    name = f"task {column}" if column else "idle"
    canvas.write(f"{name}: {len(ants)}", canvas.point(middle, _NAMES), _SMALL, look.INK)
    if column:
        _draw_gauge(canvas, float(scene.stimuli[column - 1]), scene.cap, left, width)
        # Rows fill from below: the need ends within a row, and the line is drawn under its top.
        top = _DOTS_BOTTOM - scene.needed[column - 1] / per_row * pitch
        edges = canvas.point(left + 0.04 * width, top), canvas.point(left + 0.96 * width, top)
        canvas.line(*edges, 0.004, look.GATHERED)


def _draw_gauge(canvas: Canvas, stimulus: float, cap: float, left: float, width: float) -> None:
    share = min(stimulus / cap, 1.0)
    height = _GAUGE_BOTTOM - _GAUGE_TOP
    sides = left + 0.3 * width, left + 0.7 * width
    for top, colour in ((_GAUGE_TOP, look.CELL), (_GAUGE_BOTTOM - share * height, look.CROWD)):
        box = [*canvas.point(sides[0], top), *canvas.point(sides[1], _GAUGE_BOTTOM)]
        canvas.pen.rectangle(box, fill=colour)
    at = canvas.point(left + width / 2, _GAUGE_BOTTOM + 0.03)
    canvas.write(f"{stimulus:.1f}", at, _SMALL, look.INK)


def _dots(count: int, width: float) -> tuple[float, int]:
    """Return from one dot to the next, and how many stand in a row, so that all would fit."""
    height = _DOTS_BOTTOM - _DOTS_TOP
    pitch = min(_WIDEST, math.sqrt(width * height / count))
    per_row = max(1, int(width / pitch))
    while math.ceil(count / per_row) * pitch > height:
        pitch *= 0.95
        per_row = max(1, int(width / pitch))
    return pitch, per_row
