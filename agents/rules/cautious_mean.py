"""Walks towards the circular mean of everybody, where f liars cannot have drawn it."""

from dataclasses import dataclass, field
from typing import ClassVar

from rallypoint.agents import agents
from rallypoint.agents.rules.circular_mean import CircularMean
from rallypoint.batch_env import Actions, BatchEnv, Observations
from rallypoint.draws import Draws
from rallypoint.safety.defences.cautious_moves import CautiousMoves
from rallypoint.safety.sight import Sight


@dataclass(frozen=True)
class CautiousMean:
    """Steps towards the circular mean, but never away from the range that f liars cannot shift.

    The rule that is cautious on a line, to go to the middle of that range, fails on a ring even
    where nobody lies: each agent cuts the ring elsewhere, so no two mean the same middle.
    """

    learner: ClassVar[None] = None

    env: BatchEnv
    f: int = 1  # how many may lie
    group: str = "agents"
    _sight: Sight = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Look up what percepts mean.

        Raises:
            InvalidConfig, NotOffered: the world does not say; see ``Sight``, ``CautiousMoves``.
        """
        [group] = (group for group in self.env.groups if group.name == self.group)
        object.__setattr__(self, "_sight", Sight.of(self.env, group))
        CautiousMoves(f=self.f)

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Choose an action for every agent from the counts it sees (E, N, L)."""
        chosen = CircularMean(self.group).act(observations, draws)[self.group]
        seen = observations[self.group]
        return {self.group: CautiousMoves(f=self.f).decide(chosen, seen, self._sight)}


agents.add("cautious_mean", CautiousMean)
