"""Actions drawn uniformly from what is possible."""

from typing import Any

import numpy as np

from rallypoint.batch_env import Array, Mask
from rallypoint.draws import Draws, Floats
from rallypoint.errors import InvalidConfig


def uniform_actions(space: Any, num_agents: int, draws: Draws) -> Array:
    """Draw an action for each of so many agents: (E, num_agents, …).

    Zeros where nothing can be drawn; whoever acts there is refused beforehand. Where a world allows
    only some actions now, the others are drawn too: they are its to refuse.
    """
    return _drawn(space, draws.random((num_agents, *space.shape)))


def uniform_actions_at(space: Any, cells: Mask, draws: Draws) -> Array:
    """Draw the same, and return what falls to some cells of (E, num_agents): (k, …)."""
    return _drawn(space, draws.at(cells, space.shape))


def _drawn(space: Any, drawn: Floats) -> Array:
    """Return the actions that uniform numbers stand for."""
    if not _can_be_drawn(space):
        return np.zeros(drawn.shape, dtype=space.dtype)
    if hasattr(space, "low"):  # Box
        actions = space.low + drawn * (space.high - space.low)
        # In the narrower type, a number just below the upper bound may come to lie on it.
        within: Array = np.clip(actions.astype(space.dtype), space.low, space.high)
        return within
    counts = space.nvec if hasattr(space, "nvec") else space.n
    uniform: Array = (np.floor(drawn * counts) + space.start).astype(space.dtype)
    return uniform


def refuse_without_bounds(space: Any) -> None:
    """Refuse a space that nothing can be drawn uniformly from.

    Raises:
        InvalidConfig: says why.
    """
    if _can_be_drawn(space):
        return
    if hasattr(space, "low"):
        raise InvalidConfig(f"uniform actions need bounds on real numbers, and there is {space}")
    raise InvalidConfig(f"there are no uniform actions for {space}; give a policy")


def _can_be_drawn(space: Any) -> bool:
    if hasattr(space, "low"):  # Box
        return bool(space.is_bounded()) and space.dtype.kind == "f"
    return hasattr(space, "start")
