"""A whole episode in one picture: a few of its moments, and under them all that was done."""

from collections.abc import Iterable

import numpy as np

from rallypoint.envs.drawing import canvas as look
from rallypoint.envs.drawing.canvas import Canvas, Frame
from rallypoint.experiments.show import legend, rows
from rallypoint.experiments.show.board import WIDTH, draw_head
from rallypoint.experiments.show.curve import draw_curve
from rallypoint.experiments.show.ledger import draw_ledger
from rallypoint.experiments.show.scenes import Cast, Scene
from rallypoint.experiments.show.sights import fitted

_MOMENTS, _GAP = 3, 12
_SIDE = (WIDTH - (_MOMENTS + 1) * _GAP) // _MOMENTS  # of each picture
_CAPTION, _ABOVE_ROWS, _CURVE, _FOOT = 26, 30, 90, 10
_ROW = 24  # pixels, as high as one may be
_TALLEST = 480  # of all rows together
_SMALL = 17


def filmstrip(scenes: Iterable[Scene], cast: Cast) -> Frame:
    """Draw one episode: (height, 960, 3), as high as its agents need."""
    past: list[Scene] = []
    pictures: list[Frame] = []
    for scene in scenes:
        past.append(scene._replace(picture=None))
        # An own picture is kept as small as it will be shown.
        own = draw_ledger(past, cast) if scene.picture is None else scene.picture
        pictures.append(fitted(own, _SIDE))
    chosen = np.unique(np.linspace(0, len(past) - 1, _MOMENTS).round().astype(int)).tolist()
    shown = [_moment(pictures[place], past[place].step) for place in chosen]
    gap = np.full((_SIDE + _CAPTION, _GAP, 3), 255, dtype=np.uint8)
    row = np.concatenate([part for moment in shown for part in (gap, moment)], axis=1)
    row = np.pad(row, ((0, 0), (0, WIDTH - row.shape[1]), (0, 0)), constant_values=255)
    below = _course(past, cast, [past[place].step for place in chosen])
    return np.concatenate([draw_head(cast, None), row, below], axis=0)


def _moment(picture: Frame, step: int) -> Frame:
    canvas = Canvas(_SIDE, _CAPTION)
    one = canvas.pixel
    at = canvas.point(0.5, _CAPTION / 2 * one)
    canvas.write(f"step {step}", at, _SMALL * one, look.INK)
    return np.concatenate([picture, canvas.frame()], axis=0)


def _course(past: list[Scene], cast: Cast, chosen: list[int]) -> Frame:
    """Draw all steps of the episode, and which of them stand above."""
    room = min(_TALLEST, max(cast.num_agents, len(cast.marks)) * _ROW)
    high = rows.height_of(cast, room)
    height = round(_ABOVE_ROWS + high + _CURVE + legend.height_of(cast, WIDTH) + _FOOT)
    canvas = Canvas(WIDTH, height)
    one = canvas.pixel
    columns = len(past)
    for step in chosen:
        middle = rows.x_of(canvas, step + 0.5, columns)
        top, foot = (
            canvas.point(middle * one, 20 * one),
            canvas.point(middle * one, (_ABOVE_ROWS + high) * one),
        )
        canvas.line(top, foot, 1.5 * one, look.GREY)
        canvas.write(str(step), canvas.point(middle * one, 10 * one), 15 * one, look.GREY)
    rows.draw_rows(canvas, _ABOVE_ROWS, room, past, cast, columns=columns)
    draw_curve(canvas, _ABOVE_ROWS + high + 4, _CURVE - 8, past, columns=columns)
    counts = legend.counted(past, cast)
    legend.draw_legend(canvas, height - legend.height_of(cast, WIDTH) - 4, cast, counts)
    return canvas.frame()
