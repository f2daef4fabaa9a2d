"""Agents as coloured dots, numbered where there is room, and marked where there is reason."""

from collections.abc import Callable, Mapping
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
_NUMBERED = 0.036  # from here on a dot has room for its agent's number

_SAMPLE = 0.014  # radius in a legend


class Dot(NamedTuple):
    """A disc that stands for an agent."""

    at: Point
    radius: float
    colour: str


def draw_agent(canvas: Canvas, agent: int, at: Point, pitch: float, marks: Marks) -> None:
    """Draw an agent where the next dot would be a pitch away."""
    dot = Dot(at, 0.44 * pitch, COLOURS[agent % len(COLOURS)])
    canvas.disc(at, dot.radius, dot.colour)
    if pitch >= _NUMBERED:
        ink = INK if _is_light(dot.colour) else PAPER
        canvas.write(str(agent), at, (0.52 if agent < 100 else 0.4) * pitch, ink)
    for name, mask in marks.items():
        if mask[agent]:
            MARKS[name](canvas, dot)


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


# What is drawn over the dot of an agent so marked.
MARKS: dict[str, Callable[[Canvas, Dot], None]] = {"crashed": _cross_out}
