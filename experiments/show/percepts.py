"""What a deceived agent sees, under what it would see if nobody deceived it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.batch_env import Array
from rallypoint.envs.drawing import canvas as look
from rallypoint.envs.drawing.canvas import Canvas
from rallypoint.envs.drawing.dots import MARK_COLOURS
from rallypoint.experiments.show.scenes import Cast, Scene

HEIGHT = 96  # pixels
_SMALL, _EDGE, _LEFT, _CELL, _UNDERLINE = 16, 12, 58, 28, 5
_MOST = 48  # entries side by side
_WRITTEN = 10  # up to so many entries are written out
_DARKEST = np.array([32, 36, 43])  # ink


class Percept(NamedTuple):
    """Two rows of the same length."""

    agent: int
    true: NDArray[np.float64]  # (D,)
    seen: NDArray[np.float64]  # (D,)
    low: float
    high: float
    each: int  # entries that one of them stands for


def percept_of(scene: Scene, cast: Cast, last: int | None) -> Percept | None:
    """Return what the first of those deceived in this scene sees, else the one watched before."""
    deceived = np.flatnonzero(scene.marks["deceived"])
    agent = int(deceived[0]) if len(deceived) else last
    if agent is None:
        return None
    first = 0
    for group in cast.groups:
        if agent < first + len(group.agents):
            true = _plain(scene.true[group.name][agent - first])
            seen = _plain(scene.seen[group.name][agent - first])
            each = -(-len(true) // _MOST)
            if each > 1:
                true, seen = _worst_of(true, seen, each)
            both = np.concatenate([true, seen, [0.0]])
            return Percept(agent, true, seen, float(both.min()), float(both.max()), each)
        first += len(group.agents)
    return None


def draw_percept(canvas: Canvas, top: float, percept: Percept) -> None:
    """Draw what is there and what is seen, the larger the darker; what differs is underlined."""
    one = canvas.pixel
    about = f"what agent {percept.agent} sees"
    if percept.each > 1:
        about += f", the worst of every {percept.each} entries"
    canvas.write_from(about, _EDGE * one, (top + 14) * one, _SMALL * one, look.GREY)
    wide = (1 / one - _LEFT - _EDGE) / len(percept.true)
    wide = min(wide, 3 * _CELL)
    for row, (name, values) in enumerate((("is", percept.true), ("sees", percept.seen))):
        above = top + 28 + row * (_CELL + 4)
        middle = above + _CELL / 2
        canvas.write_from(name, _EDGE * one, middle * one, _SMALL * one, look.INK)
        for place, value in enumerate(values.tolist()):
            left = _LEFT + place * wide
            shade = _shade(value, percept)
            size = (wide - 1) * one, _CELL * one
            canvas.bar(left * one, above * one, *size, _hex(shade))
            if row == 1 and value != percept.true[place]:
                foot = (above + _CELL - _UNDERLINE) * one
                canvas.bar(left * one, foot, size[0], _UNDERLINE * one, MARK_COLOURS["deceived"])
            if len(values) <= _WRITTEN:
                ink = look.PAPER if shade.mean() < 140 else look.INK
                at = canvas.point((left + wide / 2) * one, middle * one)
                canvas.write(f"{value:.2g}", at, 0.9 * _SMALL * one, ink)


def _plain(percept: Array) -> NDArray[np.float64]:
    return np.nan_to_num(np.atleast_1d(percept).astype(np.float64).ravel())


def _worst_of(true: Array, seen: Array, each: int) -> tuple[Array, Array]:
    """Keep of every few entries the one that is seen most wrongly."""
    padded = -(-len(true) // each) * each - len(true)
    rows = [np.pad(values, (0, padded), mode="edge").reshape(-1, each) for values in (true, seen)]
    worst = np.abs(rows[0] - rows[1]).argmax(axis=1)[:, None]
    kept = [np.take_along_axis(values, worst, axis=1)[:, 0] for values in rows]
    return kept[0], kept[1]


def _shade(value: float, percept: Percept) -> NDArray[np.float64]:
    span = percept.high - percept.low
    share = (value - percept.low) / span if span > 0 else 0.0
    return 238 + share * (_DARKEST - 238)


def _hex(shade: NDArray[np.float64]) -> str:
    return "#" + "".join(f"{int(part):02x}" for part in shade)
