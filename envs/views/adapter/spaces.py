"""Which spaces fit into arrays, and what becomes of nested ones."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from gymnasium import spaces

from rallypoint.batch_env import Array
from rallypoint.errors import InvalidConfig

MASK = "action_mask"  # PettingZoo's name for it, in observations and in infos
ARRAYS = (spaces.Box, spaces.Discrete, spaces.MultiDiscrete, spaces.MultiBinary)
_WHY_NOT = {
    spaces.Sequence: "a sequence has no fixed length",
    spaces.Graph: "a graph has no fixed number of nodes",
    spaces.Text: "a text has no fixed length and no numbers",
    spaces.OneOf: "what it holds may be of another shape each time",
}


class Leaf(NamedTuple):
    """A part of an observation that is one array."""

    path: tuple[Any, ...]  # how it is reached from the whole: keys and indices
    space: Any  # one of ARRAYS
    low: Array | None  # None: its type alone keeps it above
    high: Array | None  # likewise below


def split_mask(space: Any, action_space: Any) -> tuple[Any, bool]:
    """Take the action mask out of a Dict; return the rest, and whether there was one."""
    if (
        isinstance(space, spaces.Dict)
        and isinstance(action_space, spaces.Discrete)
        and MASK in space.spaces
        and space[MASK].shape == (action_space.n,)
        and len(space.spaces) > 1
    ):
        return spaces.Dict({k: v for k, v in space.spaces.items() if k != MASK}), True
    return space, False


def leaves(space: Any, path: tuple[Any, ...] = ()) -> Iterator[Leaf]:
    """Yield the arrays that a space is made of, in the order of Gymnasium's ``flatten``.

    Raises:
        InvalidConfig: a part of it is no array of one shape; says which and why.
    """
    if isinstance(space, spaces.Dict):
        for key, part in space.spaces.items():
            yield from leaves(part, (*path, key))
    elif isinstance(space, spaces.Tuple):
        for index, part in enumerate(space.spaces):
            yield from leaves(part, (*path, index))
    elif isinstance(space, ARRAYS):
        yield Leaf(path, space, *_limits(space))
    else:
        at = f" (at {'/'.join(map(str, path))})" if path else ""
        kinds = ", ".join(kind.__name__ for kind in ARRAYS)
        why = next((why for kind, why in _WHY_NOT.items() if isinstance(space, kind)), None)
        raise InvalidConfig(
            f"observations must fit into arrays of one shape, and {space}{at} does not"
            f"{f': {why}' if why else ''}; spaces of {kinds}, and Dicts and Tuples of them, do: "
            "wrap the environment so that it shows only such, and give what makes it"
        )


def as_one_array(space: Any) -> Any:
    """Return the space of a nested observation as one array.

    A Dict or Tuple of one part is that part; of several it is Gymnasium's ``flatten_space``: parts
    in the order of the space, numbers as they are, Discrete ones one-hot. Threats, recorders and
    learners can so go on to treat every percept as one plain array, and its space says truly what
    may stand where. The price is that an image among other parts is no image any more.

    Raises:
        InvalidConfig: a part of it is no array of one shape, or there is none at all.
    """
    parts = list(leaves(space))
    if not parts:
        raise InvalidConfig(
            f"an agent must observe an array at least, and {space} has no parts; wrap the "
            "environment so that it shows something, if only zeros, and give what makes it"
        )
    return parts[0].space if len(parts) == 1 else spaces.flatten_space(space)


def check_action_space(space: Any) -> None:
    """Refuse actions that are not one array.

    Raises:
        InvalidConfig: says which kinds are.
    """
    if not isinstance(space, ARRAYS):
        kinds = ", ".join(kind.__name__ for kind in ARRAYS)
        raise InvalidConfig(
            f"an action must be one array, of {kinds}, and {space} is none: threats and no-ops "
            "replace whole actions; wrap the environment so that it takes one"
        )


def _limits(space: Any) -> tuple[Array | None, Array | None]:
    if isinstance(space, spaces.MultiBinary):
        return np.zeros((), space.dtype), np.ones((), space.dtype)
    if not isinstance(space, spaces.Box):
        low = np.asarray(space.start)
        counts = space.n if isinstance(space, spaces.Discrete) else space.nvec
        return low, low + np.asarray(counts) - 1
    if space.dtype.kind in "iu":
        least, most = float(np.iinfo(space.dtype).min), float(np.iinfo(space.dtype).max)
    else:
        least, most = -np.inf, np.inf
    return (
        None if (space.low <= least).all() else _single(space.low),
        None if (space.high >= most).all() else _single(space.high),
    )


def _single(bound: Array) -> Array:
    """Make one number of a bound that is the same everywhere: it is compared with the extremes."""
    return bound.flat[:1].reshape(()) if bound.size and (bound == bound.flat[0]).all() else bound
