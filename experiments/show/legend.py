"""What the marks mean, and how often each was met."""

from collections.abc import Mapping, Sequence

from rallypoint.envs.drawing import canvas as look
from rallypoint.envs.drawing.canvas import Canvas
from rallypoint.envs.drawing.dots import MARKS, Dot
from rallypoint.experiments.show.scenes import Cast, Scene

STATES = ("crashed", "byzantine")  # that last; the others are of one step
_WORDS = {"byzantine": "Byzantine", "altered": "altered act"}
_SMALL, _ROW, _EDGE, _WIDE = 16, 28, 12, 156  # pixels
_BLANK = "#c3c8cf"


def in_words(mark: str) -> str:
    """Return what a mark is called in a picture."""
    return _WORDS.get(mark, mark)


def height_of(cast: Cast, width: int) -> int:
    """Return how high the legend is in a picture of this width, in pixels."""
    return _ROW * -(-len(cast.marks) // _side_by_side(width))


def draw_legend(canvas: Canvas, top: float, cast: Cast, counts: Mapping[str, int]) -> None:
    """Draw a sample of each mark, its name, and how many agents or agent-steps it was met in."""
    one = canvas.pixel
    for place, mark in enumerate(cast.marks):
        row, column = divmod(place, _side_by_side(round(1 / one)))
        left = _EDGE + column * _WIDE
        middle = top + (row + 0.5) * _ROW
        draw_mark(canvas, mark, (left + 14, middle))
        at = left + 33
        end = canvas.write_from(in_words(mark), at * one, middle * one, _SMALL * one, look.INK)
        canvas.write_from(str(counts[mark]), end + 6 * one, middle * one, _SMALL * one, look.GREY)


def _side_by_side(width: int) -> int:
    return (width - _EDGE) // _WIDE


def draw_mark(canvas: Canvas, mark: str, at: tuple[float, float]) -> None:
    """Draw a mark over a pale dot; the place is in pixels."""
    one = canvas.pixel
    dot = Dot(canvas.point(at[0] * one, at[1] * one), 9.5 * one, _BLANK)
    canvas.disc(dot.at, dot.radius, dot.colour)
    MARKS[mark](canvas, dot)


def counted(past: Sequence[Scene], cast: Cast) -> dict[str, int]:
    """Count agents in a state now, and agent-steps at which something happened so far."""
    return {
        mark: int(past[-1].marks[mark].sum())
        if mark in STATES
        else sum(int(scene.marks[mark].sum()) for scene in past)
        for mark in cast.marks
    }


def short(number: float) -> str:
    """Write a number in few characters.

    >>> short(0.0), short(-3.14159), short(12345.6)
    ('0', '-3.14', '12346')
    """
    return f"{number:.3g}" if abs(number) < 1000 else f"{number:.0f}"
