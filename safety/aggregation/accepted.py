"""Which arrays can be updates."""

from typing import Any

import numpy as np

from rallypoint.errors import InvalidUpdates

_FLOATS = (np.float16, np.float32, np.float64)


def check_shape(shape: tuple[int, ...], columns: int = 1) -> None:
    """Refuse what is no matrix, or an empty one.

    Raises:
        InvalidUpdates: says what shape came.
    """
    if len(shape) != 2 or shape[0] < 1 or shape[1] < columns:
        raise InvalidUpdates(
            f"updates must be an array (n, d), one row for each contributor, got shape {shape}"
        )


def check_dtype(dtype: Any) -> None:
    """Refuse what is no ordinary floating-point number.

    Raises:
        InvalidUpdates: says what dtype came.
    """
    if dtype not in _FLOATS:
        raise InvalidUpdates(
            f"updates must be float16, float32 or float64, got {dtype}; convert them first"
        )
