"""An attack on whole episodes: the way to lie that, tried on many of them, returns least.

It knows of the smoothed policy only what episodes return. A way is a direction in which everything
that is seen is moved, and for how many steps; it is chosen by the returns it leaves.
"""

from typing import Any, NamedTuple

import numpy as np

from rallypoint.batch_env import Actions, Array, Mask, Observations
from rallypoint.draws import Draws, Floats, stream
from rallypoint.experiments.smoothing.policies import STEPS, poles, returns
from rallypoint.policies import Policy
from rallypoint.safety.smoothing import SmoothedPolicy

LENGTHS = (10, 50, STEPS)  # steps for which it lies
_DIRECTIONS = 8  # drawn, besides those along each entry


class Way(NamedTuple):
    """One way to lie."""

    direction: Floats  # (entries,) of length 1
    steps: int


class Leaning:
    """An attacker that pushes everything in one direction, as ``learned_percept`` asks it to."""

    def __init__(self, direction: Floats) -> None:
        """Push (entries,) as far as the reach allows."""
        self._push = direction / np.abs(direction).max()

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Say which way to push."""
        del draws
        return {
            name: np.broadcast_to(self._push, seen.shape).astype(seen.dtype)
            for name, seen in observations.items()
        }


def worst_way(policy: Policy, sigma: float, budget: float, *, episodes: int, seed: int) -> Way:
    """Return the way that leaves least of the return, over episodes of each."""
    entries = poles(1).groups[0].observation_space.shape
    assert entries is not None, "numbers are seen"
    directions = _directions(int(np.prod(entries)), seed)
    ways = [Way(direction, steps) for direction in directions for steps in LENGTHS]
    tried = _Pushed(SmoothedPolicy(policy, sigma), ways, budget, episodes)
    left = returns(poles(len(ways) * episodes), tried, seed)
    return ways[int(left.reshape(len(ways), episodes).mean(axis=1).argmin())]


def _directions(entries: int, seed: int) -> list[Floats]:
    """Return both ways along each entry, and some that are drawn."""
    drawn = stream(seed, "smoothing/directions").standard_normal((_DIRECTIONS, entries))
    every = np.concatenate([np.eye(entries), -np.eye(entries), drawn])
    return list(every / np.linalg.norm(every, axis=1, keepdims=True))


class _Pushed:
    """A policy that is lied to in another way in each block of copies."""

    def __init__(
        self, policy: SmoothedPolicy, ways: list[Way], budget: float, episodes: int
    ) -> None:
        sizes = [budget / np.sqrt(way.steps) for way in ways]  # all of it, the same at each step
        pushes = [size * way.direction for size, way in zip(sizes, ways, strict=True)]
        self._pushes: Array = np.repeat(pushes, episodes, axis=0)[:, None]  # (E, 1, entries)
        self._last = np.repeat([way.steps for way in ways], episodes)[:, None, None]
        self._time = np.zeros((len(self._pushes), 1, 1), dtype=np.int64)
        self._policy = policy
        self._space: Any = poles(1).groups[0].observation_space

    def begin_episode(self, mask: Mask | None) -> None:
        """Begin to lie again."""
        self._time[slice(None) if mask is None else mask] = 0

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Lie, and let the policy choose."""
        pushes = np.where(self._time < self._last, self._pushes, 0.0)
        self._time += 1
        shown = {
            # Within the space, as the frame has it: else a way may be chosen that is none.
            name: np.clip(seen + pushes, self._space.low, self._space.high).astype(seen.dtype)
            for name, seen in observations.items()
        }
        return self._policy.act(shown, draws)
