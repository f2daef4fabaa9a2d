"""Valid actions at random, that depend on the copy and on nothing else of the batch."""

from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete, MultiBinary, MultiDiscrete

from rallypoint.batch_env import Array, BatchEnv, Mask
from rallypoint.draws import Draws, Floats

SPACES = (Discrete, MultiDiscrete, MultiBinary, Box)


class Actor:
    """Chooses for every agent of every copy."""

    def __init__(self, env: BatchEnv, *, alike: bool = False) -> None:
        """Act in a world; alike: every copy does the same, so that only luck tells them apart."""
        self._env = env
        copies = np.zeros_like(env.copies) if alike else env.copies
        self._draws = Draws(0, "conformance/actions", copies)

    def begin(self) -> None:
        """Choose the same actions over again."""
        self._draws.begin_episode(episode=0)

    def choose(self) -> dict[str, Array]:
        """Choose the next actions, of those that are allowed."""
        env = self._env
        allowed = env.action_mask() if "action_mask" in env.offers else {}
        actions = {}
        for group in env.groups:
            space: Any = group.action_space
            numbers = self._draws.random((len(group.agents), *space.shape))
            actions[group.name] = _elements(space, numbers, allowed.get(group.name))
        return actions


def bounds(space: Box) -> tuple[Floats, Floats]:
    """Return finite bounds within a box: its own or, where it has none, some near zero."""
    low, high = space.low.astype(np.float64), space.high.astype(np.float64)
    low = np.where(np.isfinite(low), low, np.where(np.isfinite(high), high - 2.0, -1.0))
    return low, np.where(np.isfinite(high), high, low + 2.0)


def _elements(space: Any, numbers: Floats, allowed: Mask | None) -> Array:
    """Map numbers in [0, 1), (E, n, …), to elements of a space."""
    elements: Array
    if isinstance(space, Discrete):
        chosen = _pick(numbers, allowed) if allowed is not None else numbers * space.n
        elements = space.start + chosen.astype(np.int64)
    elif isinstance(space, MultiDiscrete):
        elements = space.start + (numbers * space.nvec).astype(np.int64)
    elif isinstance(space, MultiBinary):
        elements = (numbers * 2).astype(space.dtype)
    else:
        low, high = bounds(space)
        whole = space.dtype.kind in "iu"
        elements = (
            np.floor(low + numbers * (high - low + 1)) if whole else low + numbers * (high - low)
        )
        elements = elements.clip(low, high).astype(space.dtype)
    return elements


def _pick(numbers: Floats, allowed: Mask) -> Array:
    """Choose one of the allowed, (E, n, actions) -> (E, n); 0 where none is."""
    place = (numbers * allowed.sum(axis=-1)).astype(np.int64) + 1
    picked: Array = (allowed.cumsum(axis=-1) == place[..., None]).argmax(axis=-1)
    return picked
