"""What stands in for the picture of a world that draws none: who did what in the last steps."""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np

from rallypoint.batch_env import Array
from rallypoint.envs.drawing import canvas as look
from rallypoint.envs.drawing.canvas import Canvas, Frame
from rallypoint.envs.drawing.dots import COLOURS, MARK_COLOURS, draw_agent
from rallypoint.experiments.show.legend import short
from rallypoint.experiments.show.scenes import Cast, Scene
from rallypoint.experiments.show.sights import SIDE

_STEPS = 10  # side by side
_MOST, _ROW = 10, 46  # agents, one below the other; pixels
_EDGE, _LEFT, _SMALL = 12, 52, 17
_PARTS = 6  # numbers of an action that are shown
_LINES, _CHARACTERS = 3, 52
Box = tuple[float, float, float, float]  # left, top, width and height in pixels
_RAMP = np.array([[238, 240, 243], [32, 36, 43]])  # from the lowest action to the highest


def draw_ledger(past: Sequence[Scene], cast: Cast) -> Frame:
    """Draw the last steps of an episode: (480, 480, 3).

    Discrete actions are numbers on colours, others bars from dark (high) to light; an action that
    a threat put in another one's place is framed, and both are told. Under each, how much was
    earned by it.
    """
    canvas = Canvas(SIDE, SIDE)
    one = canvas.pixel
    top = 16
    for line in _lines(past[-1].text):
        canvas.write_from(line, _EDGE * one, top * one, _SMALL * one, look.INK)
        top += 22
    canvas.write_from("actions and rewards", _EDGE * one, top * one, _SMALL * one, look.GREY)
    top += 16
    room = SIDE - top - 30
    num_shown = min(cast.num_agents, _MOST, int(room // _ROW))
    pitch = min(_ROW * 1.5, room / num_shown)
    largest = max(float(np.abs(scene.rewards).max()) for scene in past) or 1.0
    shown = [scene for scene in past if scene.executed is not None][-_STEPS:]
    wide = (SIDE - _LEFT - _EDGE) / _STEPS
    for agent in range(num_shown):
        above = top + agent * pitch
        at = canvas.point((_EDGE + 16) * one, (above + 0.42 * pitch) * one)
        draw_agent(canvas, agent, at, 32 * one, past[-1].marks)
        for column, scene in enumerate(shown):
            box = (_LEFT + column * wide, above, wide - 4, pitch - 8)
            _draw_action(canvas, box, scene, cast, agent)
            _draw_reward(canvas, box, float(scene.rewards[agent]), largest)
    said = f"steps {shown[0].step} to {shown[-1].step}" if shown else "no step yet"
    if num_shown < cast.num_agents:
        said += f"; {cast.num_agents - num_shown} more agents are not shown"
    below = top + num_shown * pitch + 12
    canvas.write_from(said, _LEFT * one, below * one, _SMALL * one, look.GREY)
    return canvas.frame()


def _fill(canvas: Canvas, box: Box, colour: str) -> None:
    left, top, wide, high = (part * canvas.pixel for part in box)
    canvas.bar(left, top, wide, high, colour)


def _lines(text: str) -> list[str]:
    lines = [part for line in text.splitlines() for part in textwrap.wrap(line, _CHARACTERS)]
    return lines[:_LINES]


def _draw_action(canvas: Canvas, box: Box, scene: Scene, cast: Cast, agent: int) -> None:
    if not scene.there[agent]:
        return
    left, top, wide, high = box
    high -= 8  # for rewards
    changed = [mark for mark in ("interrupted", "altered") if _is(scene, mark, agent)]
    rim = 3.0 if changed else 0.0
    if changed:
        _fill(canvas, (left, top, wide, high), MARK_COLOURS[changed[0]])
    inner = (left + rim, top + rim, wide - 2 * rim, high - 2 * rim)
    space, proposed, executed = _of_agent(scene, cast, agent)
    if executed.ndim == 0 and executed.dtype.kind in "iu":
        number = int(executed)
        _fill(canvas, inner, _pale(COLOURS[number % len(COLOURS)]))
        said = f"{int(proposed)}>{number}" if proposed != executed else str(number)
        _write(canvas, said, inner, look.INK)
        return
    shares = _shares(space, executed)[:_PARTS]
    each = inner[2] / len(shares)
    for part, share in enumerate(shares.tolist()):
        colour = _hex(_RAMP[0] + share * (_RAMP[1] - _RAMP[0]))
        _fill(canvas, (inner[0] + part * each, inner[1], each, inner[3]), colour)
    if executed.size == 1:
        ink = look.PAPER if shares[0] > 0.5 else look.INK
        _write(canvas, short(float(executed.ravel()[0])), inner, ink)


def _write(canvas: Canvas, said: str, box: Box, ink: str) -> None:
    """Write in the middle of a box, as large as its width allows."""
    left, top, wide, high = (part * canvas.pixel for part in box)
    height = min(_SMALL * canvas.pixel, 2.2 * wide / (1 + len(said)))
    canvas.write(said, canvas.point(left + wide / 2, top + high / 2), height, ink)


def _draw_reward(canvas: Canvas, box: Box, reward: float, largest: float) -> None:
    """Draw a bar under an action, as long as it earned: green for more than nothing."""
    left, top, wide, high = box
    colour = look.GATHERED if reward > 0 else "#d55e00"
    if length := abs(reward) / largest * wide:
        _fill(canvas, (left, top + high - 6, length, 5), colour)


def _of_agent(scene: Scene, cast: Cast, agent: int) -> tuple[Any, Array, Array]:
    first = 0
    for group in cast.groups:
        if agent < first + len(group.agents):
            chosen = (scene.proposed or {})[group.name][agent - first]
            done = (scene.executed or {})[group.name][agent - first]
            return group.action_space, np.asarray(chosen), np.asarray(done)
        first += len(group.agents)
    raise AssertionError(f"no agent {agent}")


def _is(scene: Scene, mark: str, agent: int) -> bool:
    return mark in scene.marks and bool(scene.marks[mark][agent])


def _shares(space: Any, action: Array) -> Array:
    """Return where each number of an action lies between the lowest and the highest possible."""
    if hasattr(space, "low"):
        low, high = space.low, space.high
    else:
        low = np.asarray(getattr(space, "start", 0))
        high = low + np.asarray(getattr(space, "nvec", 2)) - 1
    low, high = np.where(np.isfinite(low), low, -1.0), np.where(np.isfinite(high), high, 1.0)
    shares: Array = np.clip((action - low) / np.maximum(high - low, 1e-9), 0, 1)
    return shares.ravel()


def _pale(colour: str) -> str:
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
    return _hex(255 - 0.55 * (255 - parts))


def _hex(parts: Array) -> str:
    return "#" + "".join(f"{int(part):02x}" for part in parts)
