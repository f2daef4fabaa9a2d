"""Distributed median contraction: replicas of a server come together, whatever some of them say."""

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from rallypoint.errors import InvalidUpdates
from rallypoint.safety.aggregation import aggregate

Models = NDArray[Any]
Way = Literal["median", "mean", "none"]
WAYS: tuple[Way, ...] = get_args(Way)


def contracted(heard: Models, way: Way) -> NDArray[Any]:
    """Return one model (d,) of those heard (q, d); rows that are not finite were not said.

    The coordinate median of q models, of which f are lies and the others honest, lies within the
    range of the honest in each coordinate if q >= 2 f + 1. A mean is wherever one liar wants it.

    >>> contracted(np.array([[0.0], [1.0], [2.0], [900.0]]), "median")
    array([1.5])

    Raises:
        InvalidUpdates: nobody said anything.
    """
    said = heard[np.isfinite(heard).all(axis=1)]
    if not len(said):
        raise InvalidUpdates("no replica has said anything; wait for 2 f + 1 of them")
    return np.asarray(aggregate("median" if way == "median" else "mean", said, f=0))


def diameter(models: Models) -> float:
    """Return the largest distance between two models (S, d)."""
    wide = models.astype(np.float64)
    return float(np.linalg.norm(wide[:, None] - wide, axis=2).max(initial=0))
