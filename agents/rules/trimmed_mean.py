"""Walks towards the circular mean of those who are left when the f farthest are left out."""

from dataclasses import dataclass, field
from typing import ClassVar

from rallypoint.agents import agents
from rallypoint.agents.rules.circular_mean import CircularMean
from rallypoint.batch_env import Actions, BatchEnv, Observations
from rallypoint.draws import Draws
from rallypoint.safety.defences.trimmed_perception import Around, Trimming
from rallypoint.safety.sight import Sight


@dataclass(frozen=True)
class TrimmedMean:
    """What perfect agents of the ring would do who know that f of them lie, and not which."""

    learner: ClassVar[None] = None

    env: BatchEnv
    f: int = 1  # how many may lie
    around: Around = "median"  # or "self": from where those who are left out are far
    group: str = "agents"
    _sight: Sight = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Look up what percepts mean.

        Raises:
            InvalidConfig, NotOffered: the world does not say; see ``Sight``, ``Trimming``.
        """
        [group] = (group for group in self.env.groups if group.name == self.group)
        object.__setattr__(self, "_sight", Sight.of(self.env, group))
        Trimming(f=self.f, around=self.around)

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Choose an action for every agent from the counts it sees (E, N, L)."""
        trimming = Trimming(f=self.f, around=self.around)
        seen = trimming.perceive(observations[self.group], self._sight)
        return CircularMean(self.group).act({self.group: seen}, draws)


agents.add("trimmed_mean", TrimmedMean)
