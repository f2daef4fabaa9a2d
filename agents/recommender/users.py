"""Users: those who click on what appeals to them, and those who want one item to be seen."""

from typing import ClassVar

import numpy as np

from rallypoint.agents import agents
from rallypoint.batch_env import Actions, Observations
from rallypoint.draws import Draws
from rallypoint.envs.checks import check_size
from rallypoint.envs.recommender.tastes import clicked_with
from rallypoint.envs.recommender.world import PLATFORM, USERS, slate_in


class HonestUsers:
    """Click on each place of their slates with the chance that its appeal gives, once."""

    learner: ClassVar[None] = None
    group: ClassVar[str] = USERS

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Click (E, U, k) on what is shown."""
        _, appeals = slate_in(observations)
        drawn = draws.random(appeals.shape[1:])
        return {self.group: (drawn < clicked_with(appeals)).astype(np.int64)}


class Promoter:
    """Wants one item to be seen by all, and does nothing else.

    As a user it clicks on that item wherever it is shown, and on no other, or, if it ``pretends``,
    honestly on the others; as the platform it shows it to everybody, in all places. It remembers
    nothing, so that it can take a user's place: the threat ``traitor`` with ``policy = {policy =
    "rallypoint.agents.recommender:Promoter"}``.
    """

    learner: ClassVar[None] = None

    def __init__(
        self, *, item: int = 0, events: int = 1, pretends: bool = False, slate: int = 5
    ) -> None:
        """Promote an item.

        Args:
            item: which.
            events: clicks on a place that it is shown in, at most as many as the world counts.
            pretends: whether it clicks honestly on everything else.
            slate: places of a slate.

        Raises:
            InvalidConfig: no such item, or nothing is done.
        """
        check_size("item", item, 0)
        check_size("events", events, 1)
        check_size("slate", slate, 1)
        self._item, self._events, self._pretends, self._slate = item, events, pretends, slate

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Act for whichever groups are given."""
        actions = {}
        if USERS in observations:
            items, _ = slate_in(observations)
            elsewhere = HonestUsers().act(observations, draws)[USERS] if self._pretends else 0
            actions[USERS] = np.where(items == self._item, self._events, elsewhere)
        if PLATFORM in observations:
            shape = (*observations[PLATFORM].shape[:3], self._slate)
            actions[PLATFORM] = np.full(shape, self._item)
        return actions


agents.add("honest_users", HonestUsers)
agents.add("promoter", Promoter)
