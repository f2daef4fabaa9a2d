"""Which actions are allowed, as environments tell it: in observations, or in infos."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from gymnasium.spaces import Discrete

from rallypoint.batch_env import Mask
from rallypoint.envs.views.adapter.groups import Name
from rallypoint.envs.views.adapter.sight import Refuse, Sight, Who
from rallypoint.envs.views.adapter.spaces import MASK


class Allowed:
    """The action masks of a group, (E, n, actions); all true for those who are not told any."""

    def __init__(self, sight: Sight, *, in_infos: bool) -> None:
        """Allow everything."""
        actions: Any = sight.group.action_space
        self._in_observations = sight.has_mask
        self._told = in_infos or sight.has_mask
        self.array: Mask = np.ones((*sight.shape, int(actions.n)), dtype=bool)

    def write(
        self,
        row: int,
        who: Who,
        observations: Mapping[Name, Any],
        infos: Mapping[Name, Any],
        refuse: Refuse,
    ) -> None:
        """Take over the masks of those of one copy who act next."""
        if not self._told:
            return
        rows = self.array[row]
        rows[:] = True
        for slot, name in who:
            told = (observations if self._in_observations else infos).get(name)
            mask = told.get(MASK) if isinstance(told, Mapping) else None
            if mask is None:
                refuse(name, f"has no {MASK!r}, and had one before; it is there always or never")
            mask = np.asarray(mask)
            if mask.shape != rows.shape[1:] or not ((mask == 0) | (mask == 1)).all():
                refuse(
                    name,
                    f"has the {MASK!r} {mask}; it must be {rows.shape[1]} zeros and ones, one for "
                    "each action",
                )
            if not mask.any():
                refuse(name, f"has an {MASK!r} that allows nothing, and is to act next")
            rows[slot] = mask == 1


def allowed_by_group(
    sights: Iterable[Sight], acting: Iterable[Who], infos: Mapping[Name, Any]
) -> dict[str, Allowed]:
    """Find out, from what a reset returned, who is told which actions are allowed.

    If anybody is, every group with Discrete actions has masks, so that one loop serves all.
    """
    told = [
        any(isinstance(infos.get(name), Mapping) and MASK in infos[name] for _, name in who)
        for who in acting
    ]
    found = {
        sight.group.name: Allowed(sight, in_infos=in_infos)
        for sight, in_infos in zip(sights, told, strict=True)
        if isinstance(sight.group.action_space, Discrete)
    }
    return found if any(told) or any(sight.has_mask for sight in sights) else {}
