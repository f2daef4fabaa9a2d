"""Agents as coloured dots, numbered where there is room, and marked where there is reason."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.envs.drawing.canvas import GREY, INK, PALE_CROWD, PAPER, Canvas, Point
from rallypoint.errors import InvalidConfig, did_you_mean

Marks = Mapping[str, NDArray[np.bool_]]  # name -> (N,) whom it applies to

# Ten colours that stay apart for every kind of colour vision: M. A. Petroff (2021), "Accessible
# Color Sequences for Data Visualization", arXiv:2107.02270. Agents i and i + 10 share one.
COLOURS = (
    *("#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6"),
    *("#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd"),
)
_NUMBERED = 14.4  # pixels from one dot to the next, from which on there is room for numbers

_SAMPLE = 0.014  # radius in a legend
_SMALLEST_BADGE = 2.8  # pixels of radius that are still seen
_SIGNED = 4.6  # pixels of radius from which on a badge has room for its sign


class Dot(NamedTuple):
    """A disc that stands for an agent."""

    at: Point
    radius: float
    colour: str


def draw_agent(canvas: Canvas, agent: int, at: Point, pitch: float, marks: Marks) -> None:
    """Draw an agent where the next dot would be a pitch away."""
    dot = Dot(at, 0.44 * pitch, COLOURS[agent % len(COLOURS)])
    canvas.disc(at, dot.radius, dot.colour)
    if pitch >= _NUMBERED * canvas.pixel:
        ink = INK if _is_light(dot.colour) else PAPER
        canvas.write(str(agent), at, (0.52 if agent < 100 else 0.4) * pitch, ink)
    for name, mask in marks.items():
        if mask[agent]:  # on top, as the next dot may lie over a corner of this one
            canvas.draw_on_top(partial(MARKS[name], canvas, dot))


def draw_sample(canvas: Canvas, name: str, at: Point, *, dotted: bool) -> None:
    """Draw what a mark looks like, for a legend; in a crowd every mark is pale."""
    if dotted:
        MARKS[name](canvas, Dot(at, _SAMPLE, GREY))
    else:
        canvas.disc(at, _SAMPLE, PALE_CROWD)


def checked_marks(marks: Marks | None, num_agents: int) -> dict[str, NDArray[np.bool_]]:
    """Return the marks that are to be drawn.

    Raises:
        InvalidConfig: a mark that is not in MARKS, or not one bit for each agent.
    """
    return {name: _checked(name, mask, num_agents) for name, mask in (marks or {}).items()}


def _checked(name: str, mask: NDArray[np.bool_], num_agents: int) -> NDArray[np.bool_]:
    if name not in MARKS:
        raise InvalidConfig(f"no mark is called {name!r}{did_you_mean(name, MARKS)}")
    mask = np.asarray(mask)
    if mask.shape != (num_agents,) or mask.dtype != bool:
        raise InvalidConfig(
            f"mark {name!r} is a bool array ({num_agents},), got {mask.dtype} {mask.shape}"
        )
    return mask


def _is_light(colour: str) -> bool:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return 0.299 * red + 0.587 * green + 0.114 * blue > 140


def _cross_out(canvas: Canvas, dot: Dot) -> None:
    canvas.disc(dot.at, dot.radius, dot.colour)
    canvas.disc(dot.at, 0.72 * dot.radius, PAPER)
    left, top, right, bottom = canvas.around(dot.at, 0.34 * dot.radius)
    for start, end in (((left, top), (right, bottom)), ((left, bottom), (right, top))):
        canvas.line(start, end, 0.2 * dot.radius, INK)


def _ring(canvas: Canvas, dot: Dot) -> None:
    canvas.ring(dot.at, 1.3 * dot.radius, 0.3 * dot.radius, INK)
    canvas.ring(dot.at, 1.04 * dot.radius, 0.12 * dot.radius, PAPER)


def _badge(name: str, glyph: str, right: float, down: float) -> Callable[[Canvas, Dot], None]:
    """Return what draws a small disc with a sign at one corner of a dot, always the same one."""

    def draw(canvas: Canvas, dot: Dot) -> None:
        radius = max(0.54 * dot.radius, _SMALLEST_BADGE * canvas.pixel)
        reach = 0.84 * dot.radius * canvas.width
        at = (dot.at[0] + right * reach, dot.at[1] + down * reach)
        colour = MARK_COLOURS[name]
        canvas.disc(at, 1.18 * radius, PAPER)
        canvas.disc(at, radius, colour)
        if radius >= _SIGNED * canvas.pixel:
            ink = INK if _is_light(colour) else PAPER
            canvas.write(glyph, at, 1.6 * radius, ink, bold=True)

    return draw


# Besides their shapes and places, marks have colours that stay apart for every kind of colour
# vision: M. Okabe & K. Ito (2008), "Color Universal Design"; their purple made lighter, as it is
# too near to their blue for those who see no red.
MARK_COLOURS = {
    "crashed": GREY,
    "byzantine": INK,
    "interrupted": "#d55e00",
    "deceived": "#0072b2",
    "altered": "#d98bb5",
    "misinformed": "#f0e442",
}

# What is drawn over the dot of an agent so marked.
MARKS: dict[str, Callable[[Canvas, Dot], None]] = {
    "crashed": _cross_out,
    "byzantine": _ring,
    "interrupted": _badge("interrupted", "II", 1, -1),
    "deceived": _badge("deceived", "?", -1, -1),
    "altered": _badge("altered", "!", 1, 1),
    "misinformed": _badge("misinformed", "$", -1, 1),
}
_STATES = ("crashed", "byzantine")


def noted(marks: Marks) -> Marks:
    """Return the marks that a picture explains: what agents are, not what happens to them.

    There is no room in it for more; whoever shows the others shows a legend beside it.
    """
    return {name: mask for name, mask in marks.items() if name in _STATES}
