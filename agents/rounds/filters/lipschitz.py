"""The Lipschitz filter: gradients that differ more than their parameters' distance explains."""

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from rallypoint.errors import InvalidConfig, did_you_mean

Quantile = Literal["linear", "inverted_cdf"]
Vector = NDArray[Any]


def check_quantile(method: str) -> None:
    """Refuse a quantile that there is not.

    Raises:
        InvalidConfig: names the nearest.
    """
    if method not in get_args(Quantile):
        hint = did_you_mean(method, get_args(Quantile))
        raise InvalidConfig(f"no quantile is called {method!r}{hint}")


def distance(one: Vector, other: Vector) -> float:
    """Return how far two vectors are apart, summed in float64."""
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is far
        return float(np.linalg.norm(one.astype(np.float64) - other))


def coefficient(gradients: float, parameters: float) -> float | None:
    """Return by how much gradients differ, for the distance of the parameters they were found on.

    None where these are the same, as nothing can be told then.
    """
    if not parameters:
        return None
    return gradients / parameters


def threshold(
    coefficients: NDArray[np.float64], share: float, *, method: Quantile = "linear"
) -> float:
    """Return the largest coefficient that is believed, infinite where nothing is known yet.

    >>> round(threshold(np.arange(1.0, 7.0), 4 / 6), 4)
    4.3333

    The linear quantile between the (n - f)-th coefficient and the next lets a liar in that sends
    gradients far apart: whenever the next one is its own, the threshold is as high as it likes.
    ``"inverted_cdf"`` is the (n - f)-th itself, and so never above that of some honest one. While
    only k of n are known it is the (k - f)-th, as the f that may lie may be among them; nothing is
    refused until there is one.

    Args:
        coefficients: one for each contributor; NaN where there is none yet.
        share: of contributors that are trusted, (n - f) / n.
        method: how to go between two coefficients.
    """
    known = coefficients[~np.isnan(coefficients)]
    if method == "inverted_cdf":
        # Counted, as shares are not exact: 29/35 of 35 is a little more than 29.
        liars = len(coefficients) - round(share * len(coefficients))
        sure = len(known) - liars
        return float(np.sort(known)[sure - 1]) if sure > 0 else np.inf
    if not len(known):
        return np.inf
    with np.errstate(invalid="ignore"):  # between a number and infinity
        found = float(np.quantile(known, share, method=method))
    return np.inf if np.isnan(found) else found
