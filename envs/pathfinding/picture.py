"""A map as a picture."""

from rallypoint.envs.drawing import canvas as look
from rallypoint.envs.drawing.canvas import Canvas, Frame, Point
from rallypoint.envs.drawing.captions import time_of
from rallypoint.envs.drawing.dots import COLOURS, Marks, draw_agent, draw_sample, noted
from rallypoint.envs.pathfinding.scene import Scene

# Lengths are shares of the picture's width.
_LEFT, _TOP, _SIDE = 0.085, 0.105, 0.83  # where the map lies
_HEAD, _FOOT = 0.055, 0.966  # where lines of text lie
_FILLED = 0.92  # of a cell's side
_LARGE, _SMALL = 0.058, 0.032  # heights of letters


def draw(scene: Scene, *, marks: Marks | None = None, size: int = 400) -> Frame:
    """Draw one copy: (size, size, 3). A goal is a ring in the colour of whose it is."""
    shown = marks or {}
    canvas = Canvas(size)
    pitch = _SIDE / len(scene.obstacles)
    for row, line in enumerate(scene.obstacles.tolist()):
        for column, is_wall in enumerate(line):
            colour = look.GREY if is_wall else look.CELL
            canvas.tile(_place(canvas, (row, column), pitch), _FILLED * pitch, colour)
    on_the_way = scene.present.nonzero()[0].tolist()
    for agent in on_the_way:
        at = _place(canvas, scene.goals[agent].tolist(), pitch)
        canvas.disc(at, 0.42 * pitch, COLOURS[agent % len(COLOURS)])
        canvas.disc(at, 0.3 * pitch, look.CELL)
        canvas.write(str(agent), at, 0.36 * pitch, look.INK)
    for agent in on_the_way:
        at = _place(canvas, scene.places[agent].tolist(), pitch)
        draw_agent(canvas, agent, at, 0.8 * pitch, shown)
    _draw_notes(canvas, scene, shown)
    return canvas.frame()


def _place(canvas: Canvas, cell: tuple[int, int] | list[int], pitch: float) -> Point:
    row, column = cell
    return canvas.point(_LEFT + (column + 0.5) * pitch, _TOP + (row + 0.5) * pitch)


def _draw_notes(canvas: Canvas, scene: Scene, marks: Marks) -> None:
    arrived = f"{int((~scene.present).sum())} of {len(scene.places)}"
    right = canvas.write_from(arrived, _LEFT, _HEAD, _LARGE, look.INK, bold=True)
    canvas.write_from("gone", right + 0.015, _HEAD + 0.008, _SMALL, look.GREY)
    when = time_of(scene.step, scene.time_limit)
    left = _LEFT + _SIDE - canvas.length(when, _SMALL)
    canvas.write_from(when, left, _HEAD + 0.008, _SMALL, look.GREY)
    left = _LEFT
    for name, mask in noted(marks).items():
        draw_sample(canvas, name, canvas.point(left + 0.014, _FOOT), dotted=True)
        note = f"{int((mask & scene.present).sum())} {name}"
        left = canvas.write_from(note, left + 0.036, _FOOT, _SMALL, look.GREY) + 0.04
