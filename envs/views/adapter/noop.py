"""The action that does nothing, which only the user knows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rallypoint.batch_env import Group, check_actions
from rallypoint.errors import InvalidAction, InvalidConfig


def checked_noop(groups: Sequence[Group], noop: Any) -> Mapping[str, Any] | None:
    """Return one action for each group, given those, or one for all.

    Raises:
        InvalidConfig: a group has none, or it is not in its space.
    """
    if noop is None:
        return None
    names = [group.name for group in groups]
    by_group = dict(noop) if isinstance(noop, Mapping) else dict.fromkeys(names, noop)
    if by_group.keys() != set(names):
        raise InvalidConfig(
            f"noop is one action, or a dict with one for each of the groups {names}; got {noop!r}"
        )
    for group in groups:
        action = np.asarray(by_group[group.name])
        try:
            shape = (1, len(group.agents), *action.shape)
            check_actions([group], 1, {group.name: np.broadcast_to(action, shape)})
        except InvalidAction as error:
            raise InvalidConfig(f"noop of group {group.name!r}: {error}") from error
        by_group[group.name] = action
    return by_group
