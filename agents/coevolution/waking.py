"""A pathogen that is at work in some copies of its host's world, and sleeps in the others."""

import numpy as np

from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.batch_env import Actions, Observations
from rallypoint.draws import Draws


class Waking:
    """Pushes in the first of each run's copies, and in the rest not at all."""

    def __init__(self, pathogen: GradientPolicy, awake: int, each: int) -> None:
        """Be awake in so many of each run's copies."""
        self._pathogen = pathogen
        self._awake, self._each = awake, each

    @property
    def runs(self) -> int:
        """How many blocks of copies are attacked in a way of their own: two in each run."""
        return 2 * self._pathogen.runs

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Push, or not."""
        chosen = self._pathogen.act(observations, draws)
        return {name: self._spared(actions) for name, actions in chosen.items()}

    def _spared(self, actions: np.ndarray) -> np.ndarray:
        asleep = np.arange(len(actions)) % self._each >= self._awake
        actions[asleep] = 0
        return actions
