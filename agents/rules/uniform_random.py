"""Chooses any discrete action, each with the same probability."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rallypoint.agents import agents
from rallypoint.batch_env import Actions, Group, Observations
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig


@dataclass(frozen=True)
class UniformRandom:
    """Uniform over the discrete actions of every group."""

    learner: ClassVar[None] = None

    groups: Sequence[Group]

    def __post_init__(self) -> None:
        """Refuse groups whose actions cannot be counted."""
        for group in self.groups:
            if not hasattr(group.action_space, "n"):
                raise InvalidConfig(
                    f"uniform_random needs discrete actions, group {group.name!r} has "
                    f"{group.action_space}"
                )

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Choose an action for every agent; what it sees does not matter."""
        del observations
        return {group.name: self._draw(group, draws) for group in self.groups}

    def _draw(self, group: Group, draws: Draws) -> Any:
        space: Any = group.action_space
        return space.start + draws.integers(int(space.n), (len(group.agents),))


agents.add("uniform_random", UniformRandom)
