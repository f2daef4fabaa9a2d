"""Ants that always do the same task: what a colony with a plan and no feedback does."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import ClassVar

import numpy as np

from rallypoint.agents import agents
from rallypoint.batch_env import Actions, Observations
from rallypoint.config import Config
from rallypoint.draws import Draws
from rallypoint.envs.checks import check_size
from rallypoint.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class FixedRoles(Config):
    """The first ``workers[0]`` ants do task 1 for ever, the next task 2, and so on; the rest idle.

    As many as a task needs, and not one more, keep its stimulus where it is. Whoever is lost then
    is missing for good.
    """

    learner: ClassVar[None] = None

    workers: Sequence[int] = (30, 15, 15)  # on each task
    group: str = "agents"

    def __post_init__(self) -> None:
        """Refuse less than nobody, and no tasks at all."""
        if not len(self.workers):
            raise InvalidConfig("workers has a count of ants for each task, got none")
        for count in self.workers:
            check_size("each count of workers", count, 0)

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Do the same as always."""
        del draws  # deterministic
        num_copies, num_ants, _ = observations[self.group].shape
        ends = list(accumulate(self.workers))
        if ends[-1] > num_ants:
            raise InvalidConfig(
                f"fixed_roles has {ends[-1]} workers, and there are {num_ants} ants; give fewer"
            )
        ants = np.arange(num_ants)
        role = 1 + np.searchsorted(ends, ants, side="right")
        roles = np.where(ants < ends[-1], role, 0)
        return {self.group: np.repeat(roles[None], num_copies, axis=0)}


agents.add("fixed_roles", FixedRoles)
