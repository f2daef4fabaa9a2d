"""Numbers that somebody gives, as an array."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rallypoint.errors import InvalidConfig


def as_numbers(values: ArrayLike, what: str) -> NDArray[np.float64]:
    """Return numbers in float64; what is none, or ragged, has no shape.

    Raises:
        InvalidConfig: some are masked.
    """
    refuse_masked(values, what)
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        return np.zeros(())


def refuse_masked(values: ArrayLike, what: str) -> None:
    """Refuse an array in which something is masked; what lies below would count.

    Raises:
        InvalidConfig: says what to do.
    """
    if np.ma.is_masked(values):
        raise InvalidConfig(f"what is masked in {what} would count as numbers; leave it out")
