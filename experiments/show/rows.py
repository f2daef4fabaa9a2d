"""A row for each agent: what was done to it, step by step; for many agents, a row for each mark."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rallypoint.envs.drawing import canvas as look
from rallypoint.envs.drawing.canvas import Canvas
from rallypoint.envs.drawing.dots import MARK_COLOURS, draw_agent
from rallypoint.experiments.show.legend import STATES, draw_mark, short
from rallypoint.experiments.show.scenes import Cast, Scene

# Lengths are pixels of the picture as it is shown, turned into shares of its width.
LEAST, MOST = 20, 40  # height of a row
LEFT, RIGHT, EDGE = 58, 78, 12  # where the steps begin, from the left; end, from the right; margin
_SMALL = 17
_SHORTEST, _LONGEST = 24, 80  # steps side by side
_APART = 4.0  # pixels of a column, from which on it is kept apart from the next
_SEEN = 2.0  # pixels: one agent among thousands is seen, too
_GAINS, _LOSES = "#9ccfc4", "#f2c49b"


def num_columns(cast: Cast, so_far: int) -> int:
    """Return for how many scenes there is room side by side.

    Where nobody knows how long an episode will be, it is half as much again each time that there
    is none left.
    """
    if cast.time_limit is not None:
        return min(max(cast.time_limit, _SHORTEST), _LONGEST) + 1
    room = _SHORTEST
    while room < min(so_far, _LONGEST):
        room = min(room + room // 2, _LONGEST)
    return room


def height_of(cast: Cast, room: float) -> float:
    """Return how high the rows stand where there is so much room for them."""
    if by_agent(cast, room):
        return cast.num_agents * min(MOST, room / cast.num_agents)
    return min(MOST * len(cast.marks), room)


def by_agent(cast: Cast, room: float) -> bool:
    """Say whether each agent has a row of its own, and not each mark."""
    return cast.num_agents * LEAST <= room or not cast.marks


class Row(NamedTuple):
    """Where a row lies."""

    top: float  # pixels
    pitch: float  # pixels, from one row to the next
    columns: int  # steps for which there is room

    @property
    def middle(self) -> float:
        """Half way down, in pixels."""
        return self.top + self.pitch / 2

    @property
    def high(self) -> float:
        """How much of it is filled, in pixels."""
        return 0.76 * self.pitch

    def fill(
        self, canvas: Canvas, column: int, colour: str, *, start: float = 0.0, end: float = 1.0
    ) -> None:
        """Fill a column, or a part of it, told in shares of its height from above."""
        one = canvas.pixel
        left = x_of(canvas, column, self.columns)
        wide = x_of(canvas, column + 1, self.columns) - left
        if wide >= _APART:
            wide -= 1
        top = self.middle + (start - 0.5) * self.high
        canvas.bar(left * one, top * one, wide * one, (end - start) * self.high * one, colour)


def draw_rows(
    canvas: Canvas,
    top: float,
    room: float,
    past: Sequence[Scene],
    cast: Cast,
    *,
    columns: int,
) -> None:
    """Draw what was done in the last scenes, as many as there are columns, the newest at the end.

    Where the episode is shorter than that, its first scene is at the left.
    """
    if by_agent(cast, room):
        num_shown = min(cast.num_agents, int(room // LEAST))
        pitch = min(MOST, room / num_shown)
        for agent in range(num_shown):
            _draw_agent(canvas, Row(top + agent * pitch, pitch, columns), agent, past, cast)
    else:
        pitch = min(MOST, room / len(cast.marks))
        for place, mark in enumerate(cast.marks):
            _draw_mark(canvas, Row(top + place * pitch, pitch, columns), mark, past)


def x_of(canvas: Canvas, column: float, columns: int) -> float:
    """Return where a column begins, in pixels."""
    return LEFT + column * (1 / canvas.pixel - LEFT - RIGHT) / columns


def _draw_agent(canvas: Canvas, row: Row, agent: int, past: Sequence[Scene], cast: Cast) -> None:
    """Draw one agent as it is, what was done to it, and what it earned."""
    one, now = canvas.pixel, past[-1]
    at = canvas.point((EDGE + 18) * one, row.middle * one)
    if now.there[agent] or _is(now, "crashed", agent):
        draw_agent(canvas, agent, at, min(0.8 * row.pitch, 30) * one, now.marks)
    else:
        canvas.write(str(agent), at, 0.8 * _SMALL * one, look.GREY)
    lanes = [mark for mark in cast.marks if mark not in STATES]
    for column, scene in enumerate(past[-row.columns :]):
        if _is(scene, "crashed", agent):
            row.fill(canvas, column, look.GREY, start=0.44, end=0.56)
        elif scene.there[agent]:
            earned = float(scene.rewards[agent])
            row.fill(canvas, column, look.CELL if cast.marks else _earned(earned))
        for lane, mark in enumerate(lanes):
            if scene.marks[mark][agent]:
                start, end = lane / len(lanes), (lane + 1) / len(lanes)
                row.fill(canvas, column, MARK_COLOURS[mark], start=start, end=end)
    _write_right(canvas, short(float(now.returns[agent])), row.middle)


def _draw_mark(canvas: Canvas, row: Row, mark: str, past: Sequence[Scene]) -> None:
    """Draw how many agents had a mark: a full column is all of them."""
    draw_mark(canvas, mark, (EDGE + 18, row.middle))
    for column, scene in enumerate(past[-row.columns :]):
        row.fill(canvas, column, look.CELL)
        if share := float(np.mean(scene.marks[mark])):
            tall = max(_SEEN / row.high, share)
            row.fill(canvas, column, MARK_COLOURS[mark], start=1 - tall)
    _write_right(canvas, str(int(past[-1].marks[mark].sum())), row.middle)


def _is(scene: Scene, mark: str, agent: int) -> bool:
    return mark in scene.marks and bool(scene.marks[mark][agent])


def _earned(reward: float) -> str:
    return _GAINS if reward > 0 else _LOSES if reward < 0 else look.CELL


def _write_right(canvas: Canvas, text: str, middle: float) -> None:
    one = canvas.pixel
    left = 1 - EDGE * one - canvas.length(text, _SMALL * one)
    canvas.write_from(text, left, middle * one, _SMALL * one, look.INK)
