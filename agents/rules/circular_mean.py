"""Walks towards the circular mean of everybody on the ring: what perfect agents would do."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.agents import agents
from rallypoint.batch_env import Actions, Observations
from rallypoint.draws import Draws

# A resultant this short points nowhere: the agents balance each other round the ring.
_BALANCED = 1e-6


@dataclass(frozen=True)
class CircularMean:
    """Steps towards the cell nearest to the mean direction of all agents, and stays there.

    The mean of positions on a ring is the angle of the sum of their unit vectors (an average of
    cell numbers depends on where counting starts). Who sees a balanced ring stays.
    """

    learner: ClassVar[None] = None

    group: str = "agents"

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Choose an action for every agent from the counts it sees (E, N, L)."""
        del draws  # deterministic
        counts = observations[self.group]
        cells = counts.shape[-1]
        around = 2 * np.pi * np.arange(cells) / cells
        x, y = counts @ np.cos(around), counts @ np.sin(around)  # (E, N)
        ahead = np.rint(np.arctan2(y, x) * cells / (2 * np.pi)).astype(np.int64)
        ahead[np.hypot(x, y) < _BALANCED * np.maximum(counts.sum(axis=-1), 1)] = 0
        return {self.group: np.where(ahead > 0, 1, np.where(ahead < 0, 2, 0))}


agents.add("circular_mean", CircularMean)
