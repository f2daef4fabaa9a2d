"""About which point inner products are taken: one that most updates are near to."""

from collections.abc import Sequence

import numpy as np

from rallypoint.safety.aggregation import kernels
from rallypoint.safety.aggregation.kernels import Block
from rallypoint.safety.aggregation.span import Matrix, squared_distances
from rallypoint.safety.aggregation.updates import Indices, Updates

_SAMPLE = 512  # columns on which a central update is chosen
_FEWER = 128  # columns on which it is seen whether one is needed


def sure_centres(rows: Indices, anchors: Sequence[str], trusted: Sequence[int]) -> list[int]:
    """Return points that are not lies even if most updates are, by their places."""
    honest = np.flatnonzero(np.isin(rows, list(trusted)))[:1].tolist()
    given = [len(rows) + anchors.index(name) for name in ("root", "origin") if name in anchors]
    return [*given[:1], *honest] if "root" in anchors else [*honest, *given]


def centre_of(updates: Updates) -> int | None:
    """Return the update that most are near to, on a sample; None if they surround the origin."""
    sample = updates.first_columns(_SAMPLE)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        if _surround_the_origin(sample[:, :_FEWER]):
            return None
        sample = sample.astype(np.float64)
        return most_central(squared_distances(sample @ sample.T))[0]


def _surround_the_origin(sample: Block) -> bool:
    """Say whether updates (n, b) point in so many directions that they have no large mean.

    If more than half point one way, the mean squared cosine of all is more than a quarter. That of
    an update without a direction, as of zeros, is not known.
    """
    sample = sample.astype(kernels.working(sample.dtype), copy=False)
    products = sample @ sample.T
    scales = 1 / np.sqrt(products.diagonal())
    products *= scales
    products *= scales[:, None]
    return bool(np.vdot(products, products) <= 0.25 * products.size)


def most_central(squared: Matrix) -> tuple[int, float]:
    """Return the point with the least median distance to all, and that, given squares (n, n)."""
    middle = nearest_first(squared)[:, len(squared) // 2]
    at = int(middle.argmin())
    if np.isnan(middle[at]):  # argmin takes the first NaN for the least
        at = int(np.where(np.isnan(middle), np.inf, middle).argmin())
    return at, float(middle[at])


def nearest_first(squared: Matrix) -> Matrix:
    """Return each point's squared distances to all, the nearest first; a NaN counts as far."""
    ordered = squared.copy()  # np.sort takes longer for as few
    ordered.sort(axis=1)
    return ordered
