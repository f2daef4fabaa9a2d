"""A rule made by hand: go where it is nearer, and give way."""

import numpy as np
from numpy.typing import NDArray

from rallypoint.batch_env import Group, Observations
from rallypoint.draws import Draws
from rallypoint.envs.pathfinding.dynamics import MOVES
from rallypoint.envs.pathfinding.percept import Percepts


class GoNearer:
    """Everybody goes to the free neighbouring cell that is nearest to the goal, or stays."""

    def __init__(self, group: Group) -> None:
        """Act for a group of ``pathfinding-v0``."""
        self._name = group.name

    def act(self, observations: Observations, draws: Draws) -> dict[str, NDArray[np.int64]]:
        """Choose for everybody."""
        del draws  # deterministic
        return {self._name: nearest(observations[self._name])}


def nearest(percepts: Percepts) -> NDArray[np.int64]:
    """Return what the rule does: (E, N, inputs) -> (E, N)."""
    entries = (percepts.shape[-1] - 3) // 3
    width = round(entries**0.5)
    middle = width // 2
    at = [(middle + down) * width + middle + right for down, right in MOVES]
    walls, others, nearer = (
        percepts[..., k * entries : (k + 1) * entries][..., at] for k in range(3)
    )
    taken = (walls > 0) | (others != 0)
    chosen: NDArray[np.int64] = np.where(taken, -2, nearer).argmax(axis=-1)
    return chosen
