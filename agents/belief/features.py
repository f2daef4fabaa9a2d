"""What a belief is formed from: what an agent sees, and saw and did before, as numbers."""

from typing import Any, NamedTuple

import numpy as np
from gymnasium.spaces import Box

from rallypoint.batch_env import Array, BatchEnv, Group
from rallypoint.errors import InvalidConfig

Singles = np.ndarray[Any, np.dtype[np.float32]]


class Features(NamedTuple):
    """How percepts and actions of the only group of a world become numbers."""

    group: Group
    num_seen: int  # of a percept
    num_actions: int

    @classmethod
    def of(cls, env: BatchEnv) -> "Features":
        """Read a world's spaces.

        Raises:
            InvalidConfig: several groups, percepts that are neither numbers nor one of a few, or
                actions that cannot be counted.
        """
        if len(env.groups) != 1:
            names = ", ".join(group.name for group in env.groups)
            raise InvalidConfig(f"beliefs are formed in worlds of one group, {env.id} has {names}")
        [group] = env.groups
        actions: Any = group.action_space
        if not hasattr(actions, "n") or not hasattr(actions, "start"):
            raise InvalidConfig(f"beliefs follow numbered actions, {env.id} has {actions}")
        seen: Any = group.observation_space
        if hasattr(seen, "n"):
            return cls(group, int(seen.n), int(actions.n))
        if not isinstance(seen, Box):
            raise InvalidConfig(f"beliefs are formed from numbers, {env.id} shows {seen}")
        return cls(group, int(np.prod(seen.shape)), int(actions.n))

    @property
    def size(self) -> int:
        """How many numbers there are: of a percept, of the last one, and of the action between."""
        return 2 * self.num_seen + self.num_actions

    def seen(self, percepts: Array) -> Singles:
        """Return percepts (E, N, …) as numbers (E, N, num_seen)."""
        space: Any = self.group.observation_space
        if hasattr(space, "n"):
            places = percepts.astype(np.int64) - int(space.start)
            numbers: Singles = np.eye(self.num_seen, dtype=np.float32)[places]
        else:
            numbers = percepts.reshape(*percepts.shape[:2], -1).astype(np.float32)
        return numbers

    def done(self, actions: Array) -> Singles:
        """Return actions (E, N) as numbers (E, N, num_actions), one 1 in each."""
        first = int(self.group.action_space.start)  # type: ignore[attr-defined]  # Discrete
        done: Singles = np.eye(self.num_actions, dtype=np.float32)[actions - first]
        return done

    @property
    def group_with_shares(self) -> Group:
        """The group as it sees, behind the numbers of a percept, a share for each of the team."""
        space: Any = self.group.observation_space
        lowest, highest = np.zeros(self.num_seen), np.ones(self.num_seen)
        if not hasattr(space, "n"):
            lowest, highest = (end.astype(np.float64).ravel() for end in (space.low, space.high))
        shares = len(self.group.agents)
        shown = Box(
            np.append(lowest, np.zeros(shares)).astype(np.float32),
            np.append(highest, np.ones(shares)).astype(np.float32),
        )
        return self.group._replace(observation_space=shown)
