"""Who arrives whatever anybody is shown: agents that are there before any choice could be changed.

An agent draws its action by a number. Where no lie within reach changes which action that number
picks, of no agent still on its way, the world goes the way it would go if nobody lied; so whoever
arrives up to then arrives under every attack, in this very episode and with these very numbers.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.evaluation import evaluate
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.batch_env import Actions, Array, BatchEnv, Mask, Observations
from rallypoint.draws import Draws, Floats
from rallypoint.networks import Layer
from rallypoint.safety.certificates.drawn_action import keeps_drawn_action

Networks = list[tuple[Layer, ...]]  # of each run


def certified_arrivals(
    env: BatchEnv, policy: GradientPolicy, networks: Networks, reach: float, *, seed: int
) -> Floats:
    """Return the share of each episode's team that surely arrives: (E,), one for each copy.

    Args:
        env: the world, nobody lied to; its copies are equal blocks, one for each network.
        policy: that draws its actions.
        networks: its layers, run by run.
        reach: of a lie, in any entry.
        seed: of world and policy, as ``evaluate`` takes it.
    """
    watched = _Watched(env, policy, networks, reach)
    found = evaluate(env, watched, episodes=env.num_copies, seed=seed)
    doubtful = np.stack(watched.doubtful)  # (T, E)
    steps = np.where(doubtful.any(axis=0), doubtful.argmax(axis=0), len(doubtful))
    surely = found.ended_early & (found.lengths <= steps[:, None])
    share: Floats = surely.mean(axis=1, dtype=np.float64)
    return share


class _Watched:
    """Acts as a policy does, and notes at which steps a lie might have changed what is done."""

    def __init__(
        self, env: BatchEnv, policy: GradientPolicy, networks: Networks, reach: float
    ) -> None:
        self.doubtful: list[Mask] = []  # (E,) each, step by step
        self._env, self._policy, self._networks, self._reach = env, policy, networks, reach

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Choose for everybody."""
        noted: Any = _Noted(draws)
        actions = self._policy.act(observations, noted)
        name = self._policy.group.name
        kept = self._kept(observations[name], noted.numbers[..., 0], actions[name])
        self.doubtful.append(np.any(self._env.alive & ~kept, axis=1))
        return actions

    def _kept(self, seen: Array, numbers: Floats, chosen: Array) -> Mask:
        space: Any = self._policy.group.observation_space
        runs = len(self._networks)
        low = np.maximum(seen.astype(np.float64) - self._reach, space.low)
        high = np.minimum(seen.astype(np.float64) + self._reach, space.high)
        parts: list[NDArray[np.bool_]] = []
        for run, layers in enumerate(self._networks):
            each = len(seen) // runs
            rows = slice(run * each, (run + 1) * each)
            least, most = (part[rows].reshape(-1, seen.shape[-1]) for part in (low, high))
            by, done = numbers[rows].ravel(), chosen[rows].ravel()
            parts.append(keeps_drawn_action(layers, least, most, by, done))
        return np.concatenate(parts).reshape(chosen.shape)


class _Noted:
    """Draws, and what was last drawn of them."""

    def __init__(self, draws: Draws) -> None:
        self._draws = draws
        self.numbers: Floats = np.empty(0)

    def random(self, shape: tuple[int, ...]) -> Floats:
        """Draw, and note."""
        self.numbers = self._draws.random(shape)
        return self.numbers
