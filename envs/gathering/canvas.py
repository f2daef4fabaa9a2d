"""A round picture, drawn finer than it is shown."""

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Frame = NDArray[np.uint8]  # (H, W, 3)
Point = tuple[float, float]
Box = tuple[float, float, float, float]

PAPER, INK, GREY = "#ffffff", "#20242b", "#6b7280"
_FINER = 3  # pixels drawn for each that is shown, since Pillow does not smooth edges


class Canvas:
    """A square picture in polar coordinates.

    Lengths are shares of its width, angles are turns: 0 is up, and they grow clockwise.
    """

    def __init__(self, size: int) -> None:
        self.width = size * _FINER
        self._image = Image.new("RGB", (self.width, self.width), PAPER)
        self.pen = ImageDraw.Draw(self._image)

    def at(self, radius: float, turn: float) -> Point:
        """Return where something is, in fine pixels."""
        angle = 2 * math.pi * turn
        x, y = 0.5 + radius * math.sin(angle), 0.5 - radius * math.cos(angle)
        return x * self.width, y * self.width

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

    def length(self, text: str, height: float) -> float:
        """Return how long a line of text is."""
        return float(self.pen.textlength(text, font=_font(round(height * self.width)))) / self.width

    def around(self, at: Point, radius: float) -> Box:
        """Return the box of a circle, in fine pixels."""
        (x, y), reach = at, radius * self.width
        return x - reach, y - reach, x + reach, y + reach

    def _ring(self, radius: float) -> Box:
        return self.around((self.width / 2, self.width / 2), radius)

    def frame(self) -> Frame:
        """Return the picture as it is shown: (size, size, 3)."""
        return np.asarray(self._image.reduce(_FINER), dtype=np.uint8)


def _degrees(start: float, end: float) -> tuple[float, float]:
    return 360 * start - 90, 360 * end - 90  # Pillow's 0 is at three o'clock


@cache
def _font(pixels: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(pixels)
