"""What a world says of itself before anything happens."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium.spaces import Space

from rallypoint.batch_env import OPTIONAL_PARTS, BatchEnv, Group, check_actions
from rallypoint.envs.conformance.actor import SPACES
from rallypoint.envs.conformance.subject import Subject
from rallypoint.errors import InvalidAction, NotConformant, did_you_mean


def check(subject: Subject) -> None:
    """Read everything a world declares.

    Raises:
        NotConformant: names what cannot be meant.
    """
    env = subject.make(copies=3)
    _copies(env, [0, 1, 2])
    _copies(subject.make(copies=[5, 2]), [5, 2])
    _groups(env)
    _offers(env)
    _noop(env)
    limit: Any = env.time_limit
    if limit is not None and (not isinstance(limit, int | np.integer) or limit < 1):
        raise NotConformant(f"time_limit must be an integer >= 1, or None, and is {limit!r}")
    if not isinstance(env.metadata, Mapping) or "render_modes" not in env.metadata:
        raise NotConformant(
            "metadata must be a mapping with 'render_modes', a list that may be empty"
        )


def _copies(env: BatchEnv, asked: list[int]) -> None:
    came: Any = env.copies
    if not isinstance(came, np.ndarray) or came.dtype.kind not in "iu" or came.tolist() != asked:
        raise NotConformant(f"copies must be the global ids {asked} as an array, and are {came!r}")


def _groups(env: BatchEnv) -> None:
    groups: Any = env.groups
    if not isinstance(groups, tuple) or not groups or not all(isinstance(g, Group) for g in groups):
        raise NotConformant(f"groups must be a tuple of at least one Group, and are {groups!r}")
    for group in groups:
        _agents(f"the agents of group {group.name!r}", group.agents)
        _spaces(group)
    _agents("the names of the groups", tuple(group.name for group in groups))
    _agents("agents", env.agents)
    if env.agents != tuple(agent for group in groups for agent in group.agents):
        raise NotConformant(
            f"agents must be those of the groups in their order, and are {env.agents!r}"
        )


def _agents(what: str, names: Any) -> None:
    if not isinstance(names, tuple) or not names or not all(isinstance(n, str) for n in names):
        why = (
            ", whose order is another in each process" if isinstance(names, set | frozenset) else ""
        )
        raise NotConformant(
            f"{what} must be a tuple of at least one string, and are a "
            f"{type(names).__name__}{why}: {names!r}"
        )
    for name in names:
        if names.count(name) > 1:
            raise NotConformant(f"{what} must be distinct, and {name!r} is there twice")


def _spaces(group: Group) -> None:
    space: Any
    for what, space in (
        ("observation space", group.observation_space),
        ("action space", group.action_space),
    ):
        if not isinstance(space, Space) or space.shape is None or space.dtype is None:
            raise NotConformant(
                f"the {what} of group {group.name!r} must be a Gymnasium space of arrays, with a "
                f"shape and a dtype, and is {space!r}"
            )
    if not isinstance(group.action_space, SPACES):
        kinds = ", ".join(kind.__name__ for kind in SPACES)
        raise NotConformant(
            f"the action space of group {group.name!r} must be one of {kinds}, and is "
            f"{group.action_space!r}"
        )


def _offers(env: BatchEnv) -> None:
    offers: Any = env.offers
    if not isinstance(offers, frozenset):
        raise NotConformant(f"offers must be a frozenset, and is a {type(offers).__name__}")
    for part in sorted(offers):
        if part not in OPTIONAL_PARTS:
            raise NotConformant(
                f"offers names {part!r}, which is no part of the contract"
                f"{did_you_mean(part, OPTIONAL_PARTS)}"
            )


def _noop(env: BatchEnv) -> None:
    noop: Any = env.noop
    if noop is None:
        return
    names = [group.name for group in env.groups]
    if not isinstance(noop, Mapping) or sorted(noop) != sorted(names):
        raise NotConformant(f"noop must be None or one action for each of {names}, and is {noop!r}")
    for group in env.groups:
        action = np.asarray(noop[group.name])
        shape = (env.num_copies, len(group.agents), *action.shape)
        try:
            check_actions([group], env.num_copies, {group.name: np.broadcast_to(action, shape)})
        except InvalidAction as error:
            raise NotConformant(f"noop must be an action of each space, but {error}") from error
