"""Which actions are allowed, as environments tell it: in observations, or in infos."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from gymnasium.spaces import Discrete

from rallypoint.batch_env import Group, Mask
from rallypoint.envs.views.adapter.groups import Name
from rallypoint.envs.views.adapter.sight import Refuse
from rallypoint.envs.views.adapter.spaces import MASK


class Allowed:
    """The action masks of a group, (E, n, actions); all true for those who are not there."""

    def __init__(self, group: Group, num_copies: int, *, in_observation: bool) -> None:
        """Allow everything."""
        actions: Any = group.action_space
        self._in_observation = in_observation
        self.array: Mask = np.ones((num_copies, len(group.agents), int(actions.n)), dtype=bool)

    def write(
        self,
        row: int,
        who: Iterable[tuple[int, Name]],
        observations: Mapping[Name, Any],
        infos: Mapping[Name, Any],
        refuse: Refuse,
    ) -> None:
        """Take over the masks of those agents (slot, name) of one copy who act next."""
        rows = self.array[row]
        rows[:] = True
        for slot, name in who:
            told = observations[name] if self._in_observation else infos.get(name)
            mask = told.get(MASK) if isinstance(told, Mapping) else None
            if mask is None:
                refuse(name, f"has no {MASK!r}, and had one before; they are given always or never")
            mask = np.asarray(mask)
            if mask.shape != rows.shape[1:] or not ((mask == 0) | (mask == 1)).all():
                refuse(
                    name,
                    f"has the {MASK} {mask!r}; it is an array {rows.shape[1:]} of zeros and ones, "
                    "one for each action",
                )
            if not mask.any():
                refuse(name, f"has an {MASK} that allows nothing, and is to act")
            rows[slot] = mask == 1


def in_infos(group: Group, infos: Mapping[Name, Any], names: Iterable[Name]) -> bool:
    """Whether some agent of a group is told in its info which actions are allowed."""
    if not isinstance(group.action_space, Discrete) or not isinstance(infos, Mapping):
        return False
    return any(isinstance(infos.get(name), Mapping) and MASK in infos[name] for name in names)
