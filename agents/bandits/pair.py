"""A principal and an agent as one policy for both groups."""

from collections.abc import Sequence
from typing import Any

from rallypoint.batch_env import Actions, Mask, Observations
from rallypoint.draws import Draws


class Pair:
    """Lets several policies act, each for groups of its own."""

    def __init__(self, *members: Any) -> None:
        """Join policies of different groups."""
        self.members: Sequence[Any] = members
        self._remembering = [member for member in members if hasattr(member, "begin_episode")]
        if self._remembering:  # only who remembers is told of starts
            self.begin_episode = self._begin_episode

    def _begin_episode(self, mask: Mask | None) -> None:
        for member in self._remembering:
            member.begin_episode(mask)

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Choose for every group."""
        actions: dict[str, Any] = {}
        for member in self.members:
            actions |= member.act(observations, draws)
        return actions
