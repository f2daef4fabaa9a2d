"""Policies for groups of a world, one for each, as one policy."""

from collections.abc import Mapping
from typing import Any

from rallypoint.batch_env import Actions, Mask, Observations
from rallypoint.draws import Draws
from rallypoint.policies import Policy


class ByGroup:
    """Acts for every group by a policy of its own, and for some of them where only they are seen.

    Whoever looks into it looks into one of them: ``rallypoint.policies.acting_for``.
    """

    def __init__(self, policies: Mapping[str, Policy]) -> None:
        """Join policies, by the name of their group."""
        self.policies = dict(policies)
        members: list[Any] = list(self.policies.values())
        self._remembering = [member for member in members if hasattr(member, "begin_episode")]
        if self._remembering:  # only who remembers is told of starts
            self.begin_episode = self._begin_episode

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Choose for every group that sees something."""
        actions: dict[str, Any] = {}
        for name, policy in self.policies.items():
            if name in observations:
                actions |= policy.act({name: observations[name]}, draws)
        return actions

    def of_group(self, name: str) -> Policy:
        """Return what acts for a group."""
        return self.policies[name]

    def _begin_episode(self, mask: Mask | None) -> None:
        for member in self._remembering:
            member.begin_episode(mask)
