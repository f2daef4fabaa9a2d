"""Actions as choices that can be told apart and counted, whatever their space."""

from typing import Any

import numpy as np

from rallypoint.batch_env import Array, BatchEnv, Group
from rallypoint.draws import Integers
from rallypoint.errors import InvalidConfig
from rallypoint.safety.concerned import groups_concerned
from rallypoint.safety.threats import Threat


def num_choices(space: Any) -> int:
    """Return how many choices there are; 0 of actions that are neither numbered nor real.

    Of real numbers there are two: the first entry in the lower half of its range, or in the upper;
    below and above 0 where it has no bounds.
    """
    if hasattr(space, "n") and hasattr(space, "start"):
        return int(space.n)
    return 2 if hasattr(space, "low") and space.dtype.kind == "f" else 0


def choices_of(actions: Array, space: Any) -> Integers:
    """Return which choice each action (e, n, …) is: (e, n), counted from 0."""
    if hasattr(space, "n"):
        return np.asarray(actions - space.start, dtype=np.int64)
    low, high = _ends(space)
    first = actions.reshape(*actions.shape[:2], -1)[..., 0]
    return np.asarray(first > (low + high) / 2, dtype=np.int64)


def with_choices(actions: Array, space: Any, choices: Integers) -> Array:
    """Return actions (e, n, …) that are these choices (e, n), and otherwise what they were."""
    if hasattr(space, "n"):
        return np.asarray(choices + space.start, dtype=space.dtype)
    flat = actions.reshape(*actions.shape[:2], -1).astype(space.dtype)
    flat[..., 0] = np.where(choices > 0, *_ends(space)[::-1])
    return flat.reshape(actions.shape)


def check_choice(name: str, choice: int) -> None:
    """Refuse a choice that is not counted from 0.

    Raises:
        InvalidConfig: says what it must be.
    """
    is_counted = isinstance(choice, int | np.integer) and not isinstance(choice, bool)
    if not is_counted or choice < 0:
        raise InvalidConfig(f"{name} is told in choices counted from 0, got {choice!r}")


def as_sequence(given: Any) -> tuple[int, ...]:
    """Return choices that are made one after another.

    Raises:
        InvalidConfig: nobody could do so; says what they must be.
    """
    if not isinstance(given, list | tuple | np.ndarray) or not len(given):
        raise InvalidConfig(f"a sequence is a list of at least one action, got {given!r}")
    for choice in given:
        check_choice("sequence", choice)
    return tuple(map(int, given))


def refuse_target(threat: Threat, env: BatchEnv, target: int) -> None:
    """Refuse a target that is no choice of those who may be touched.

    Raises:
        InvalidConfig: says which there are.
    """
    for group in groups_concerned(threat, env):
        refuse_choice(group, "target", target)


def refuse_choice(group: Group, name: str, choice: int) -> None:
    """Refuse what is no choice of a group.

    Raises:
        InvalidConfig: says which there are.
    """
    count = num_choices(group.action_space)
    if not 0 <= choice < count:
        there = f"0..{count - 1}" if count else "none that could be told apart"
        raise InvalidConfig(
            f"{name} = {choice} is no choice of group {group.name!r}, which has {there}: "
            f"{group.action_space}"
        )


def _ends(space: Any) -> tuple[float, float]:
    low, high = float(space.low.ravel()[0]), float(space.high.ravel()[0])
    return (low, high) if np.isfinite([low, high]).all() else (-1.0, 1.0)
