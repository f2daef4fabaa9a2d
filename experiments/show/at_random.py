"""Acts at random in any environment, and only as is allowed."""

import copy
from typing import Any

import numpy as np

from rallypoint.batch_env import Actions, Array, BatchEnv, Group, Mask, Observations
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig
from rallypoint.safety.uniform_actions import refuse_without_bounds, uniform_actions


class AtRandom:
    """Every action with the same probability, where that can be, else as its space samples."""

    def __init__(self, world: BatchEnv) -> None:
        """Act in this world, which has one copy."""
        self._world = world
        self._samplers = {
            group.name: copy.deepcopy(group.action_space)
            for group in world.groups
            if not _is_bounded(group.action_space)
        }

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Choose an action for every agent; what it sees does not matter."""
        del observations
        masks = self._world.action_mask() if "action_mask" in self._world.offers else {}
        return {
            group.name: self._chosen(group, masks.get(group.name), draws)
            for group in self._world.groups
        }

    def _chosen(self, group: Group, allowed: Mask | None, draws: Draws) -> Array:
        space: Any = group.action_space
        if allowed is not None:
            some: Array = _allowed_ones(allowed, draws) + space.start
            return some
        if group.name not in self._samplers:
            return uniform_actions(space, len(group.agents), draws)
        sampler = self._samplers[group.name]
        sampler.seed(int(draws.integers(1 << 31, ())[0]))
        return np.stack([sampler.sample() for _ in group.agents])[None]


def _allowed_ones(allowed: Mask, draws: Draws) -> Array:
    """Draw one of the allowed actions (E, n, A) for each agent; the first where none is."""
    coins = draws.random((allowed.shape[1],))
    wanted = np.floor(coins * allowed.sum(axis=-1))
    chosen: Array = (allowed.cumsum(axis=-1) > wanted[..., None]).argmax(axis=-1)
    return chosen


def _is_bounded(space: Any) -> bool:
    try:
        refuse_without_bounds(space)
    except InvalidConfig:
        return False
    return True
