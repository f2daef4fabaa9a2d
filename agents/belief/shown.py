"""Worlds that show agents more than the world does: who they are, or who is hostile."""

from abc import abstractmethod

import numpy as np

from rallypoint.agents.belief.features import Features, Singles
from rallypoint.batch_env import Actions, BatchEnv, Mask, Observations, Snapshot, Step
from rallypoint.safety.frame import Threatened
from rallypoint.wrapper import BatchWrapper


class _Showing(BatchWrapper):
    """A world whose agents see, behind what they saw, a share of something for each of the team."""

    def __init__(self, env: BatchEnv) -> None:
        """Show it.

        Raises:
            InvalidConfig: several groups, or percepts or actions that do not become numbers.
        """
        super().__init__(env)
        self._features = Features.of(env)
        self.groups = (self._features.group_with_shares,)

    def reset(self, seed: int | None = None, mask: Mask | None = None) -> Observations:
        """Start new episodes; see ``BatchEnv.reset``."""
        return self._shown(self.env.reset(seed, mask))

    def step(self, actions: Actions) -> Step:
        """Advance every copy by one step; see ``BatchEnv.step``."""
        step = self.env.step(actions)
        return step._replace(observations=self._shown(step.observations))

    def remove(self, mask: Mask) -> Observations:
        """Take agents out of the world; see ``BatchEnv.remove``."""
        return self._shown(self.env.remove(mask))

    def restore(self, snapshot: Snapshot) -> Observations:
        """Go on from a snapshot; see ``BatchEnv.restore``."""
        return self._shown(self.env.restore(snapshot))

    def _shown(self, observations: Observations) -> Observations:
        name = self._features.group.name
        seen = self._features.seen(observations[name])
        told = np.broadcast_to(self._told(), (*seen.shape[:2], self.num_agents))
        return {name: np.concatenate([seen, told.astype(np.float32)], axis=2)}

    @abstractmethod
    def _told(self) -> Singles | Mask:
        """Return what is shown to whom of whom, as it broadcasts to (E, N, N)."""


class Numbered(_Showing):
    """Agents see which of the team they are, so that one shared policy can tell them apart."""

    def _told(self) -> Singles:
        return np.eye(self.num_agents, dtype=np.float32)


class Told(_Showing):
    """Agents see who is hostile: what beliefs can come to at best.

    Source: the "true type" oracle of Li et al. (2024), arXiv:2305.12872.
    """

    def __init__(self, env: BatchEnv, frame: Threatened) -> None:
        """Show a world's agents what the frame inside it knows.

        Raises:
            InvalidConfig: several groups, or percepts or actions that do not become numbers.
        """
        super().__init__(env)
        self._frame = frame

    def _told(self) -> Mask:
        return self._frame.hostile[:, None]
