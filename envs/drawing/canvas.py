"""A picture, drawn finer than it is shown."""

import math
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Frame = NDArray[np.uint8]  # (H, W, 3)
Point = tuple[float, float]
Box = tuple[float, float, float, float]

PAPER, INK, GREY = "#ffffff", "#20242b", "#6b7280"
CELL, GATHERED_CELL, GATHERED = "#eef0f3", "#d3ebe6", "#0b6e69"
CROWD, PALE_CROWD = "#3f90da", "#b8d4ef"  # too many for a dot each; the marked among them
_FINER = 3  # pixels drawn for each that is shown, since Pillow does not smooth edges


class Canvas:
    """A picture, for worlds that are round and worlds that are not; square, if nothing is said.

    Lengths are shares of its width, angles are turns: 0 is up, and they grow clockwise.
    """

    def __init__(self, size: int, height: int | None = None) -> None:
        self.width = size * _FINER
        self.pixel = 1 / size  # a length: that of one pixel as it is shown
        tall = self.width if height is None else height * _FINER
        self._image = Image.new("RGB", (self.width, tall), PAPER)
        self.pen = ImageDraw.Draw(self._image)
        self._on_top: list[Callable[[], None]] = []

    def at(self, radius: float, turn: float) -> Point:
        """Return where something is that lies round the middle, in fine pixels."""
        angle = 2 * math.pi * turn
        return self.point(0.5 + radius * math.sin(angle), 0.5 - radius * math.cos(angle))

    def point(self, right: float, below: float) -> Point:
        """Return where something is, from the upper left corner, in fine pixels."""
        return right * self.width, below * self.width

    def tile(self, middle: Point, side: float, colour: str) -> None:
        """Fill a square with slightly round corners."""
        radius = round(0.12 * side * self.width)
        self.pen.rounded_rectangle(self.around(middle, side / 2), radius, fill=colour)

    def sector(self, start: float, end: float, radius: float, colour: str) -> None:
        """Fill a slice of the disc of this radius."""
        self.pen.pieslice(self._ring(radius), *_degrees(start, end), fill=colour)

    def disc(self, at: Point, radius: float, colour: str) -> None:
        """Fill a disc."""
        self.pen.ellipse(self.around(at, radius), fill=colour)

    def arc(self, start: float, end: float, radius: float, width: float, colour: str) -> None:
        """Draw a piece of a circle; the radius is its outer edge's."""
        thickness = round(width * self.width)
        self.pen.arc(self._ring(radius), *_degrees(start, end), fill=colour, width=thickness)

    def ring(self, at: Point, radius: float, width: float, colour: str) -> None:
        """Draw a circle's edge; the radius is its outer one."""
        thickness = max(1, round(width * self.width))
        self.pen.ellipse(self.around(at, radius), outline=colour, width=thickness)

    def bar(self, left: float, top: float, wide: float, high: float, colour: str) -> None:
        """Fill a rectangle."""
        corners = [*self.point(left, top), *self.point(left + wide, top + high)]
        self.pen.rectangle(
            (
                corners[0],
                corners[1],
                max(corners[0], corners[2] - 1),
                max(corners[1], corners[3] - 1),
            ),
            fill=colour,
        )

    def line(self, start: Point, end: Point, width: float, colour: str) -> None:
        """Draw a straight line."""
        self.pen.line([start, end], fill=colour, width=max(1, round(width * self.width)))

    def write(
        self, text: str, at: Point, height: float, colour: str, *, bold: bool = False
    ) -> None:
        """Write one line, with its middle at this point."""
        pixels = round(height * self.width)
        self.pen.text(
            at,
            text,
            fill=colour,
            font=_font(pixels),
            anchor="mm",
            stroke_width=round(0.03 * pixels) if bold else 0,
            stroke_fill=colour,
        )

    def write_from(
        self,
        text: str,
        left: float,
        below: float,
        height: float,
        colour: str,
        *,
        bold: bool = False,
    ) -> float:
        """Write one line that begins here; return where it ends."""
        length = self.length(text, height)
        self.write(text, self.point(left + length / 2, below), height, colour, bold=bold)
        return left + length

    def length(self, text: str, height: float) -> float:
        """Return how long a line of text is."""
        return float(self.pen.textlength(text, font=_font(round(height * self.width)))) / self.width

    def around(self, at: Point, radius: float) -> Box:
        """Return the box of a circle, in fine pixels."""
        (x, y), reach = at, radius * self.width
        return x - reach, y - reach, x + reach, y + reach

    def _ring(self, radius: float) -> Box:
        return self.around((self.width / 2, self.width / 2), radius)

    def draw_on_top(self, draw: Callable[[], None]) -> None:
        """Draw something when all else is drawn."""
        self._on_top.append(draw)

    def frame(self) -> Frame:
        """Return the picture as it is shown: (height, size, 3)."""
        while self._on_top:
            self._on_top.pop(0)()
        return np.asarray(self._image.reduce(_FINER), dtype=np.uint8)


def _degrees(start: float, end: float) -> tuple[float, float]:
    return 360 * start - 90, 360 * end - 90  # Pillow's 0 is at three o'clock


@cache
def _font(pixels: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(pixels)
