"""From what single agents choose to the arrays that a world takes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rallypoint.batch_env import Array, Group, check_actions
from rallypoint.errors import InvalidAction, did_you_mean


def filler(group: Group, noop: Mapping[str, Any] | None) -> Any:
    """Return what stands in the slot of an agent that is not in the world.

    The world's no-op, or else the action nearest to zero.
    """
    if noop is not None and group.name in noop:
        return noop[group.name]
    space: Any = group.action_space
    if hasattr(space, "low"):  # Box
        return np.clip(np.zeros(space.shape, space.dtype), space.low, space.high)
    start = getattr(space, "start", 0)  # Discrete and MultiDiscrete have one, MultiBinary not
    return start + np.zeros(space.shape, space.dtype)


def one_copy(
    groups: Sequence[Group], fillers: Mapping[str, Any], actions: Mapping[str, Any]
) -> dict[str, Array]:
    """Put actions by agent into arrays (1, n_group, …) by group.

    Raises:
        ValueError: they are of different shapes.
    """
    return {
        group.name: np.array([[actions.get(agent, fillers[group.name]) for agent in group.agents]])
        for group in groups
    }


def refuse_agents(living: Sequence[str], known: Sequence[str], came: object) -> None:
    """Say whose action is missing, or who should have none.

    Raises:
        InvalidAction: the actions are not those of exactly the living agents.
    """
    if not isinstance(came, Mapping):
        raise InvalidAction(f"actions are a dict from agent to action, got a {type(came).__name__}")
    for agent in came:
        if agent not in known:
            raise InvalidAction(f"no agent is called {agent!r}{did_you_mean(str(agent), known)}")
        if agent not in living:
            raise InvalidAction(
                f"{agent} is not in the world now and cannot act; give actions for env.agents only"
            )
    for agent in living:
        if agent not in came:
            raise InvalidAction(f"{agent} is in the world and has no action; give one for each")


def refuse_action(groups: Sequence[Group], actions: Mapping[str, Any]) -> None:
    """Name the first agent whose action does not fit its space.

    Raises:
        InvalidAction: there is one.
    """
    for group in groups:
        for agent in (agent for agent in group.agents if agent in actions):
            alone = Group(group.name, (agent,), group.observation_space, group.action_space)
            try:
                check_actions([alone], 1, one_copy([alone], {group.name: None}, actions))
            except (ValueError, TypeError) as error:
                raise InvalidAction(
                    f"the action of {agent} must be in {group.action_space}, got {actions[agent]!r}"
                ) from error
