"""Walks towards the mean of those it sees on the torus: what sense without learning can do."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents import agents
from rallypoint.agents.rules.walking import step_towards
from rallypoint.batch_env import Actions, Observations
from rallypoint.draws import Draws
from rallypoint.envs.torus.dynamics import MOVES
from rallypoint.envs.torus.percept import BINS, middles

_ENOUGH = 0.8  # share of the population that makes a group: who sees so many need not search
_ROUNDING = 1e-6  # of sums of float32 shares


@dataclass(frozen=True)
class SeenMean:
    """Steps towards the mean of the bins it sees, each as if all in it stood in its middle.

    Who sees nobody else stays, unless it wanders: then, while it sees less than 80 % of the
    population, it takes a random step with probability 0.8 minus the share it sees.
    """

    learner: ClassVar[None] = None

    limits: tuple[int, int, int] = (1, 3, 5)  # of the world's bins
    width: int | None = None  # of a torus all in view: the mean then goes round it
    wander: bool = False
    group: str = "agents"

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Choose an action for every agent from the shares it sees (E, N, 25)."""
        shares = observations[self.group].astype(np.float64)
        by_bin = shares.reshape(*shares.shape[:-1], len(BINS), len(BINS))
        offsets = np.stack([self._mean(by_bin.sum(axis=axis)) for axis in (-1, -2)], axis=-1)
        moves = step_towards(offsets)
        if self.wander:
            seen = shares.sum(axis=-1)
            chance, which = np.moveaxis(draws.random((*moves.shape[1:], 2)), -1, 0)
            wanders = (seen < _ENOUGH - _ROUNDING) & (chance < _ENOUGH - seen)
            moves = np.where(wanders, 1 + (which * (len(MOVES) - 1)).astype(np.int64), moves)
        return {self.group: moves}

    def _mean(self, shares: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mean offset along one axis: (…, 5) -> (…)."""
        offsets = middles(self.limits)
        mean: NDArray[np.float64]
        if self.width is None:
            mean = (shares * offsets).sum(axis=-1) / np.maximum(shares.sum(axis=-1), _ROUNDING)
            return mean
        turn = 2 * np.pi / self.width
        # No matrix products: their last bits depend on how many copies act at once.
        up = (shares * np.sin(turn * offsets)).sum(axis=-1)
        along = (shares * np.cos(turn * offsets)).sum(axis=-1)
        mean = np.arctan2(up, along) / turn
        return mean


agents.add("seen_mean", SeenMean)
