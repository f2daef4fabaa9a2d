"""Walks towards the mean of all agents of the torus, seen or not: what perfect sight allows."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.agents import agents
from rallypoint.agents.rules.walking import step_towards
from rallypoint.batch_env import Actions, BatchEnv, Observations
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig

# A resultant this short points nowhere: the agents balance each other round the torus.
_BALANCED = 1e-6


@dataclass(frozen=True)
class OmniscientMean:
    """Steps towards the circular mean, along each axis, of where all agents truly are.

    It looks at the world itself, through its geometry, and not at what the agents are shown: the
    mark that learners are measured against, and no policy that could be deployed. All copies of
    the world act at once.
    """

    learner: ClassVar[None] = None

    env: BatchEnv
    group: str = "agents"

    def __post_init__(self) -> None:
        """Refuse a world that does not say where agents are, or not in two coordinates.

        Raises:
            InvalidConfig: says what is missing.
        """
        offers = "geometry" in self.env.offers
        if not offers or self.env.geometry().positions.shape[-1] != 2:
            raise InvalidConfig(
                "omniscient_mean asks the world in which column and row each agent stands, and "
                f"{self.env.id} {'has no rows' if offers else 'does not offer geometry'}"
            )

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Choose an action for every agent; what it sees does not matter."""
        del observations, draws  # all-seeing, and deterministic
        geometry = self.env.geometry()
        positions = geometry.positions  # (E, N, 2)
        width = math.isqrt(len(geometry.distances))
        present = positions >= 0
        turns = np.exp(2j * np.pi / width * positions) * present
        resultant = turns.sum(axis=1, keepdims=True)  # (E, 1, 2)
        mean = np.angle(resultant) * width / (2 * np.pi)
        offsets = (mean - positions + width / 2) % width - width / 2
        balanced = np.abs(resultant) < _BALANCED * present.sum(axis=1, keepdims=True)
        offsets[np.broadcast_to(balanced, offsets.shape) | ~present] = 0
        return {self.group: step_towards(offsets)}


agents.add("omniscient_mean", OmniscientMean)
