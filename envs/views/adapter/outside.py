"""What becomes of observations outside of the Box that an environment declares."""

import re
from typing import Any, Literal, cast, get_args

import numpy as np
from gymnasium import spaces

from rallypoint.errors import InvalidConfig, did_you_mean

Outside = Literal["refuse", "clip", "allow"]

# A lander that flies off is soon higher than 2.5, up to 17, and spins by more than a turn. Cut off,
# a pilot could not tell how far it has gone: what it sees is right, and what is declared is wrong.
_KNOWN: tuple[tuple[str, Outside], ...] = (
    (r"gymnasium:(.*:)?LunarLander(Continuous)?-v\d+", "allow"),
)


def outside_of(name: str | None, asked: str | None) -> Outside:
    """Return what was asked for or, failing that, what suits the environment of that name.

    Raises:
        InvalidConfig: it is none of the three.
    """
    if asked is None:
        suiting = [outside for known, outside in _KNOWN if re.fullmatch(known, name or "")]
        return suiting[0] if suiting else "refuse"
    if asked not in get_args(Outside):
        raise InvalidConfig(
            f"outside says what becomes of observations outside of their Box, got {asked!r}"
            + did_you_mean(str(asked), get_args(Outside))
        )
    return cast("Outside", asked)


def without_bounds(space: Any) -> Any:
    """Return a space whose Boxes hold everything that their types do; the rest as it is.

    >>> without_bounds(spaces.Box(-1, 1, (2,)))
    Box(-inf, inf, (2,), float32)
    """
    if isinstance(space, spaces.Dict):  # pairs: a dict would be sorted
        return spaces.Dict([(key, without_bounds(part)) for key, part in space.spaces.items()])
    if isinstance(space, spaces.Tuple):
        return spaces.Tuple([without_bounds(part) for part in space.spaces])
    if not isinstance(space, spaces.Box):
        return space
    dtype: Any = space.dtype
    least, most = -np.inf, np.inf
    if dtype.kind in "iu":
        least, most = np.iinfo(dtype).min, np.iinfo(dtype).max
    return spaces.Box(least, most, space.shape, dtype.type)
