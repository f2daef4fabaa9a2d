"""The return so far, per agent, as a curve over the steps."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from rallypoint.envs.drawing import canvas as look
from rallypoint.envs.drawing.canvas import Canvas
from rallypoint.experiments.show.legend import short
from rallypoint.experiments.show.rows import EDGE, LEFT, RIGHT, x_of
from rallypoint.experiments.show.scenes import Scene

_SMALL = 16


def draw_curve(
    canvas: Canvas, top: float, height: float, past: Sequence[Scene], *, columns: int
) -> None:
    """Draw the mean over agents under the steps of the rows above; the line lies at 0."""
    one = canvas.pixel
    returns = np.array([scene.returns.mean() for scene in past])
    low, high = min(0.0, float(returns.min())), max(0.0, float(returns.max()))
    about = "return per agent"
    canvas.write_from(about, LEFT * one, (top + 10) * one, _SMALL * one, look.GREY)
    head, foot = top + 24, top + height - 6
    span = high - low or 1.0

    def y_of(value: float) -> float:
        return foot - (value - low) / span * (foot - head)

    right = 1 - RIGHT * one
    ends = canvas.point(LEFT * one, y_of(0) * one), canvas.point(right, y_of(0) * one)
    canvas.line(*ends, one, look.GREY)
    shown = returns[-columns:].tolist()
    middles = [
        canvas.point((x_of(canvas, column + 0.5, columns)) * one, y_of(value) * one)
        for column, value in enumerate(shown)
    ]
    for start, end in pairwise(middles):
        canvas.line(start, end, 2.5 * one, look.CROWD)
    canvas.disc(middles[-1], 4 * one, look.CROWD)
    text = short(float(returns[-1]))
    left = 1 - EDGE * one - canvas.length(text, _SMALL * one)
    middle = min(max(y_of(float(returns[-1])), head), foot)
    canvas.write_from(text, left, middle * one, _SMALL * one, look.INK)
