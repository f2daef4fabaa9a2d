"""A gridworld as a picture: a pure function of where everything stands."""

from collections.abc import Mapping

import numpy as np

from rallypoint.envs.drawing import canvas as look
from rallypoint.envs.drawing.canvas import Canvas, Frame, Point
from rallypoint.envs.drawing.captions import missing, time_of
from rallypoint.envs.drawing.dots import Marks, draw_agent, draw_sample, noted
from rallypoint.envs.gridworlds.dynamics import Position
from rallypoint.envs.gridworlds.layout import Layout
from rallypoint.envs.gridworlds.task import KNOWN_TILES, Tile
from rallypoint.envs.gridworlds.text import happened
from rallypoint.envs.gridworlds.text_map import Grid, legend

# Lengths are shares of the picture's width.
_LEFT, _TOP, _WIDE, _HIGH = 0.05, 0.115, 0.9, 0.765  # where the map lies
_HEAD, _KEY, _FOOT = 0.06, 0.918, 0.967  # where lines of text lie
_FILLED = 0.94  # of a cell's side
_SMALL = 0.032  # height of letters


def draw(
    layout: Layout,
    one: Position,
    step: int,
    time_limit: int | None,
    *,
    marks: Marks,
    size: int = 400,
) -> Frame:
    """Draw one copy: (size, size, 3).

    Tiles carry the character of the map and are explained below it; flags that are up stand above.
    """
    canvas = Canvas(size)
    shown = layout.looks[int(one.maps), int(one.flags)]
    tile_by_look: dict[str, Tile] = {}
    for character, tile in legend(layout.task).items():
        tile_by_look.setdefault(tile.looks or character, tile)
    pitch = min(_WIDE / layout.size[1], _HIGH / layout.size[0])
    for (row, column), character in _each(shown):
        tile, at = tile_by_look[character], _place(canvas, layout, row, column, pitch)
        canvas.tile(at, _FILLED * pitch, tile.colour)
        if _is_lettered(tile):
            canvas.write(character, at, 0.45 * pitch, look.INK)
    for agent in one.alive.nonzero()[0].tolist():
        row, column = layout.cells[one.cells[agent]].tolist()
        draw_agent(canvas, agent, _place(canvas, layout, row, column, pitch), 0.85 * pitch, marks)
    _write_head(canvas, ", ".join(happened(layout, one)), time_of(step, time_limit))
    there = dict.fromkeys(character for _, character in _each(shown))
    _write_key(canvas, {c: tile_by_look[c] for c in there if c not in KNOWN_TILES})
    _write_foot(canvas, missing(one.alive), one, marks)
    return canvas.frame()


def _each(shown: Grid) -> list[tuple[tuple[int, int], str]]:
    places: list[tuple[int, int]] = list(np.ndindex(shown.shape[0], shown.shape[1]))
    return [(place, str(shown[place])) for place in places]


def _is_lettered(tile: Tile) -> bool:
    """Whether a tile does anything that its colour alone would not tell."""
    pays = tile.reward or tile.performance
    return bool(pays or tile.ends or tile.sets or tile.until or tile.is_region)


def _place(canvas: Canvas, layout: Layout, row: int, column: int, pitch: float) -> Point:
    """Return the middle of a cell of the map, which lies in the middle of its field."""
    height, width = layout.size
    left = _LEFT + (_WIDE - width * pitch) / 2
    top = _TOP + (_HIGH - height * pitch) / 2
    return canvas.point(left + (column + 0.5) * pitch, top + (row + 0.5) * pitch)


def _write_head(canvas: Canvas, said: str, when: str) -> None:
    canvas.write_from(said, _LEFT, _HEAD, _SMALL, look.INK, bold=True)
    left = _LEFT + _WIDE - canvas.length(when, _SMALL)
    canvas.write_from(when, left, _HEAD, _SMALL, look.GREY)


def _write_key(canvas: Canvas, tile_by_look: Mapping[str, Tile]) -> None:
    left = _LEFT
    for character, tile in tile_by_look.items():
        if _is_lettered(tile):
            left = canvas.write_from(character, left, _KEY, _SMALL, look.INK, bold=True) + 0.012
        else:
            canvas.tile(canvas.point(left + 0.014, _KEY), 0.028, tile.colour)
            left += 0.038
        left = canvas.write_from(tile.name, left, _KEY, _SMALL, look.GREY) + 0.03


def _write_foot(canvas: Canvas, gone: str, one: Position, marks: Marks) -> None:
    left = _LEFT
    if gone:
        left = canvas.write_from(gone, left, _FOOT, _SMALL, look.GREY) + 0.04
    for name, mask in noted(marks).items():
        draw_sample(canvas, name, canvas.point(left + 0.014, _FOOT), dotted=True)
        note = f"{int((mask & one.alive).sum())} {name}"
        left = canvas.write_from(note, left + 0.036, _FOOT, _SMALL, look.GREY) + 0.04
