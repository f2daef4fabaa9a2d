"""Cart and pole as a picture, and as a line of text."""

import math

import numpy as np
from numpy.typing import NDArray

from rallypoint.envs.control.cartpole.dynamics import ANGLE_LIMIT, POSITION_LIMIT
from rallypoint.envs.drawing import canvas as look
from rallypoint.envs.drawing.canvas import Canvas, Frame
from rallypoint.envs.drawing.captions import time_of
from rallypoint.envs.drawing.dots import COLOURS, Marks

# Lengths are shares of the picture's width.
_LEFT, _SIDE = 0.085, 0.83  # the track, from limit to limit
_TRACK = 0.78
_CART, _WHEEL, _POLE = 0.13, 0.022, 0.022  # width of the cart, radius of a wheel, width of the pole
_HEAD, _SMALL = 0.063, 0.032
_METRE = _SIDE / (2 * POSITION_LIMIT)
_REACH = 2.4 * _METRE  # of the pole: over twice its length to scale, so that leaning shows


def draw(
    state: NDArray[np.float64],
    *,
    marks: Marks | None = None,
    step: int | None = None,
    time_limit: int | None = None,
    size: int = 400,
) -> Frame:
    """Draw one copy (4,): the track with its limits, the cart, and how far the pole may lean."""
    position, angle = float(state[0]), float(state[2])
    canvas = Canvas(size)
    canvas.line(canvas.point(_LEFT, _TRACK), canvas.point(_LEFT + _SIDE, _TRACK), 0.004, look.GREY)
    for end in (_LEFT, _LEFT + _SIDE):
        canvas.line(
            canvas.point(end, _TRACK - 0.02), canvas.point(end, _TRACK + 0.02), 0.006, look.GREY
        )
    middle, axle = 0.5 + position * _METRE, _TRACK - 2 * _WHEEL - 0.035
    for lean in (-ANGLE_LIMIT, ANGLE_LIMIT):
        _draw_pole(canvas, (middle, axle), lean, 0.003, look.GREY)
    _draw_pole(canvas, (middle, axle), angle, _POLE, COLOURS[1])
    left, right = middle - _CART / 2, middle + _CART / 2
    canvas.pen.rounded_rectangle(
        [*canvas.point(left, axle - 0.02), *canvas.point(right, _TRACK - _WHEEL)],
        round(0.012 * canvas.width),
        fill=COLOURS[0],
    )
    for wheel in (left + 1.5 * _WHEEL, right - 1.5 * _WHEEL):
        canvas.disc(canvas.point(wheel, _TRACK - _WHEEL), _WHEEL, look.INK)
    canvas.disc(canvas.point(middle, axle), 0.012, look.PAPER)
    end = canvas.write_from(_told(state), _LEFT, _HEAD, _SMALL, look.INK)
    if named := _named(marks):
        canvas.write_from(named, end + 0.02, _HEAD, _SMALL, look.GREY)
    when = time_of(step, time_limit)
    canvas.write_from(when, _LEFT + _SIDE - canvas.length(when, _SMALL), _HEAD, _SMALL, look.GREY)
    return canvas.frame()


def describe(
    state: NDArray[np.float64],
    *,
    marks: Marks | None = None,
    step: int | None = None,
    time_limit: int | None = None,
) -> str:
    """Say how the pole stands.

    >>> print(describe(np.array([0.5, 0.0, -0.1, 0.0]), step=3, time_limit=500))
    step 3 / 500, cart at +0.50 m, pole at -5.7°
    """
    said = [time_of(step, time_limit), _told(state), _named(marks)]
    return ", ".join(part for part in said if part)


def _told(state: NDArray[np.float64]) -> str:
    return f"cart at {state[0]:+.2f} m, pole at {math.degrees(state[2]):+.1f}°"


def _named(marks: Marks | None) -> str:
    return ", ".join(name for name, mask in (marks or {}).items() if mask.any())


def _draw_pole(
    canvas: Canvas, foot: tuple[float, float], angle: float, width: float, colour: str
) -> None:
    right, below = foot
    tip = right + _REACH * math.sin(angle), below - _REACH * math.cos(angle)
    canvas.line(canvas.point(right, below), canvas.point(*tip), width, colour)
