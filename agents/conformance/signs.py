"""The world that learners are tried in: so plain that one can be sure what should be learned."""

from dataclasses import dataclass

import numpy as np
from gymnasium.spaces import Box, Discrete, MultiBinary, MultiDiscrete, Space

from rallypoint.batch_env import Actions, Array, Group, Mask, Observations
from rallypoint.config import Config
from rallypoint.draws import Floats
from rallypoint.envs.batch import Copies, World

AGENTS = ("agent_0", "agent_1")
NUM_SIGNS = 3
LENGTH = 4  # steps of an episode
_LEAVES = 2  # the step after which the second agent is gone, where it leaves


@dataclass(frozen=True, kw_only=True)
class Variant(Config):
    """How a world differs from the plain one."""

    first_sign: int = 0  # with which the observation space starts
    first_action: int = 0  # likewise
    leaves: bool = False  # whether the second agent is gone before the end
    junk: int = 0  # what stands in its slots from then on
    broken_from: int | None = None  # the step of the world from which rewards are NaN
    observation_space: Space[Array] | None = None  # strange ones, in which signs stay hidden
    action_space: Space[Array] | None = None

    @property
    def is_strange(self) -> bool:
        """Whether not every learner can be expected to handle it."""
        return self.observation_space is not None or self.action_space is not None


STRANGE = {
    "observations in MultiBinary(3)": Variant(observation_space=MultiBinary(3)),
    "observations in MultiDiscrete([2 2])": Variant(observation_space=MultiDiscrete([2, 2])),
    "actions in MultiDiscrete([2 2])": Variant(action_space=MultiDiscrete([2, 2])),
    "actions in MultiBinary(2)": Variant(action_space=MultiBinary(2)),
    "actions in Box(2,)": Variant(action_space=Box(-1, 1, (2,), np.float32)),
}


class Signs(World):
    """Each agent sees a sign, drawn anew at every step, and is paid 1 for the action it names."""

    offers = frozenset({"state", "cost"})
    cost_names = ("none",)
    _state_arrays = ("_signs",)

    def __init__(self, variant: Variant = Variant(), *, copies: Copies = 1) -> None:  # frozen
        """Set up copies of a variant."""
        self.variant = variant
        sees = variant.observation_space or Discrete(NUM_SIGNS, start=variant.first_sign)
        does = variant.action_space or Discrete(NUM_SIGNS, start=variant.first_action)
        super().__init__(
            "signs-v0", [Group("agents", AGENTS, sees, does)], copies=copies, time_limit=LENGTH
        )
        self.steps_taken = 0
        self._signs = np.zeros((self.num_copies, len(AGENTS)), dtype=np.int64)

    def state(self) -> Array:
        """Return the signs: (E, N)."""
        return self._signs.astype(np.float32)

    def cost(self) -> Floats:
        """Return costs of nothing: (E, N, 1)."""
        return np.zeros((self.num_copies, len(AGENTS), 1))

    def _start(self, mask: Mask) -> None:
        self._signs[mask] = self._draws.integers(NUM_SIGNS, (len(AGENTS),), mask)

    def _advance(self, actions: Actions) -> tuple[Floats, Mask, dict[str, Array]]:
        self.steps_taken += 1
        variant = self.variant
        rewards = np.zeros(self._signs.shape)
        if variant.action_space is None:
            rewards += actions["agents"] - variant.first_action == self._signs
        terminated = np.zeros(self._signs.shape, dtype=bool)
        if variant.leaves:
            rewards[~self._alive] = variant.junk
            terminated[:, 1] = self._alive[:, 1] & (self._elapsed + 1 >= _LEAVES)
        if variant.broken_from is not None and self.steps_taken > variant.broken_from:
            rewards[:] = np.nan
        self._signs = self._draws.integers(NUM_SIGNS, (len(AGENTS),))
        return rewards, terminated, {}

    def _observe(self) -> Observations:
        variant = self.variant
        if variant.observation_space is not None:
            space = variant.observation_space
            return {"agents": np.zeros((*self._signs.shape, *(space.shape or ())), space.dtype)}
        shown = np.where(self._alive, self._signs, variant.junk % NUM_SIGNS)
        return {"agents": shown + variant.first_sign}
