"""What a snapshot must be before anything goes on from it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.batch_env import Snapshot
from rallypoint.errors import InvalidConfig


def check_snapshot(snapshot: Any, like: Snapshot, *, of: str) -> None:
    """Refuse what does not hold an array of the same shape and type for each of these.

    Args:
        snapshot: what came.
        like: arrays as they must be; their numbers do not matter.
        of: whose snapshot it is to be, for messages.

    Raises:
        InvalidConfig: says what must hold and what came.
    """
    if not isinstance(snapshot, Mapping):
        raise InvalidConfig(
            f"a snapshot of {of} is a dict of arrays, as snapshot() returns it, got "
            f"{type(snapshot).__name__}"
        )
    if missing := sorted(like.keys() - snapshot.keys()):
        raise InvalidConfig(
            f"a snapshot of {of} has the arrays {sorted(like)}; in this one there is no "
            f"{', '.join(missing)}"
        )
    for name, mine in like.items():
        array = snapshot[name]
        is_array = isinstance(array, np.ndarray)
        if not is_array or (array.shape, array.dtype) != (mine.shape, mine.dtype):
            came = f"{array.dtype} {array.shape}" if is_array else type(array).__name__
            raise InvalidConfig(
                f"in a snapshot of {of}, {name} is {mine.dtype} {mine.shape}, got {came}; it goes "
                "on only in a world of the settings that it was taken with"
            )


def as_array(text: str) -> NDArray[np.uint8]:
    """Write a text as an array, since a snapshot holds nothing else.

    >>> as_text(as_array("L = ∞"))
    'L = ∞'
    """
    return np.frombuffer(text.encode(), dtype=np.uint8).copy()


def as_text(array: Any) -> str | None:
    """Read such an array; None if it is none."""
    if not isinstance(array, np.ndarray) or array.dtype != np.uint8:
        return None
    return array.tobytes().decode(errors="replace")
