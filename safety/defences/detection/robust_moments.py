"""Mean and covariance of rows, some of which are planted to falsify them."""

import math

import numpy as np

from rallypoint.safety.defences.detection.detector import Floats, how_many

_ROUNDS = 4  # in each of which a quarter of what may go goes, at most
_STEPS = 15  # of power iteration, at most
_SETTLED = 0.01  # change of the eigenvalue, relative: a direction is needed, not its digits
_EDGE = 1.1  # of the largest eigenvalue that as many Gaussian rows have by chance


def robust_moments(rows: Floats, share: float) -> tuple[Floats, Floats]:
    """Return the mean (k,) and the covariance (k, k) of what is not planted among rows (n, k).

    Rows are whitened by their own covariance. Fourth moments then tell of a cloud in any direction,
    or any sum of squares of several: those of Gaussian rows are known. While some are too large,
    the rows that make them so leave, no more than twice the share in all. Rows that are not
    Gaussian may lose some honest ones, too.

    Source: the filter for an unknown covariance of Diakonikolas, Kamath, Kane, Li, Moitra & Stewart
    (2017), "Being Robust (in High Dimensions) Can Be Practical", arXiv:1703.00893, with a fixed
    number of rows a round, as Hayase, Kong, Somani & Oh (2021), "SPECTRE", arXiv:2104.11315, limit
    them.
    """
    at_once = how_many(2 * share / _ROUNDS, len(rows))
    kept = rows
    for _ in range(_ROUNDS):
        mean, covariance = _moments(kept)
        white = (kept - mean) @ unit_of(covariance)
        largest, form = _widest_form(white)
        n, k = white.shape
        # Eigenvalues of a sample of k (k + 1) / 2 independent forms spread as Marchenko-Pastur has.
        by_chance = 2 * (1 + math.sqrt(k * (k + 1) / 2 / n)) ** 2
        if largest <= _EDGE * by_chance or len(kept) - at_once <= k:
            break
        excess = np.einsum("ni,ni->n", white @ form, white) - np.trace(form)
        kept = kept[np.sort(np.argsort(excess**2, kind="stable")[: n - at_once])]
    return _moments(kept)


def unit_of(covariance: Floats) -> Floats:
    """Return a matrix (k, k) by which offsets are multiplied to have the identity for covariance.

    The smallest variance is bounded, so that a direction of none does not become all there is.
    """
    variances, directions = np.linalg.eigh(covariance)
    floor = max(float(variances[-1]) * 1e-12, np.finfo(np.float64).tiny)
    unit: Floats = directions / np.sqrt(np.maximum(variances, floor))
    return unit


def _moments(rows: Floats) -> tuple[Floats, Floats]:
    mean = rows.mean(axis=0)
    offsets = rows - mean
    return mean, offsets.T @ offsets / len(rows)


def _widest_form(white: Floats) -> tuple[float, Floats]:
    """Return the largest variance of a quadratic form of unit length, and the form (k, k).

    The matrix of fourth moments is (k², k²), and never made: O(n k²) for each of a few products.
    """
    n, k = white.shape
    # Where rows are long, plus an irregular part, so that it has a share of any form.
    norms = np.einsum("ni,ni->n", white, white) - k
    form = (white * norms[:, None]).T @ white / n
    form /= np.linalg.norm(form) or 1.0
    irregular = np.cos(np.arange(k * k, dtype=np.float64) ** 2).reshape(k, k)
    form = form + 0.1 * (irregular + irregular.T) / np.linalg.norm(irregular + irregular.T)
    value = 0.0
    for _ in range(_STEPS):
        form = form / np.linalg.norm(form)
        values = np.einsum("ni,ni->n", white @ form, white)
        moved = (white * (values - values.mean())[:, None]).T @ white / n
        before, value = value, float(np.vdot(form, moved))
        if not moved.any():
            break
        form = moved
        if abs(value - before) <= _SETTLED * value:
            break
    return value, form / (np.linalg.norm(form) or 1.0)
