"""The point with the least sum of distances to others, found among their combinations."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.safety.aggregation.compiling import SOLVERS
from rallypoint.safety.aggregation.span import Matrix, Weights, in_units, squared_distances

_TIED = 1e-12  # of all masses times the scale: sums of distances closer than this are equal
_PARTS = 2.0 ** -np.arange(12)  # of a step that may be too long
_SQUARED_PARTS, _DOUBLED_PARTS = (_PARTS**2)[:, None], 2 * _PARTS[:, None]
_FULL_STEPS = 8  # of Newton, that shrink
_FLAT = 1e-2  # least root of a share of the curvature, below which points may lie on one line
_LARGEST = 1e3  # the sizes of a point's weights together; those of one among the others have 1
_CLOSE = 1e-14  # of two squared norms: what their squared distance may be by rounding alone


def fermat_point(gram: Matrix, masses: NDArray[Any], *, tolerance: float, rounds: int) -> Weights:
    """Return the combination (n,) of points whose weighted sum of distances to them is least.

    Among points in general position, Newton's full steps from their middle end there after two to
    five. They are given up where they do not shrink quickly, or where points may lie on a line,
    and the sum, which is convex, is then descended with care:

    The point with the least sum is tested first: where the others pull it less than it holds
    itself, it is the answer (and where several points are, as in the middle of an even number on
    a line, their mean is). Otherwise the first step leaves it downhill, so that no later one can
    meet a point, where the sum has no gradient. Each later step is Weiszfeld's or Newton's or a
    part of these, whatever gains most, so that every step descends; they end when one is shorter
    than the tolerance.

    All sums are compared by differences in which the norm of a far point cancels before it is
    rounded, so points at 1e30 cost no digits of the answer.

    Sources: Weiszfeld (1937); the test and first step: Vardi & Zhang (2000), "The multivariate
    L1-median and associated data depth", PNAS 97(4).

    Args:
        gram: (n, n) inner products of the points' offsets from any centre.
        masses: (n,) of each point, positive.
        tolerance: length of the last step, or of one that is left, in harmonic mean distances.
        rounds: steps after which the best point so far is the answer.
    """
    gram = in_units(gram)
    point = _by_full_steps(gram, masses, tolerance, rounds)
    return _with_care(gram, masses, tolerance, rounds) if point is None else point


def _by_full_steps(
    gram: Matrix, masses: NDArray[Any], tolerance: float, rounds: int
) -> Weights | None:
    """Take Newton's steps while they shrink, until what is left of them is below the tolerance.

    Their limit has no slope, and so is the answer; None where none is found, or there may be more.
    """
    from scipy.linalg import blas, lapack  # slow to load, and few rules need it

    n, gram, rounds = len(gram), np.ascontiguousarray(gram), min(rounds, _FULL_STEPS)
    if (loops := SOLVERS.loops(n)) is not None:
        found: Weights | None = loops.fermat(gram, masses, (tolerance, _FLAT), rounds)
        return found
    norms, turned, ones = gram.diagonal(), gram.T, np.ones(n)
    mass = blas.ddot(masses, ones)
    before = 0.0  # the length of the last step, in harmonic mean distances
    with np.errstate(all="ignore"):  # nothing comes of a point without distance
        point: Weights = masses / np.sqrt(_medians(squared_distances(gram)))
        point /= blas.ddot(point, ones)
        for _ in range(rounds):
            inner = blas.dgemv(1.0, turned, point, trans=1)
            own = blas.ddot(point, inner)
            distances = np.sqrt(norms - 2 * inner + own)
            pulls = masses / distances
            total = blas.ddot(pulls, ones)
            shares = pulls / total
            weiszfeld = shares - point
            towards = np.sqrt(shares) / distances
            bent = gram - inner  # in place from here: what is allocated anew takes as long again
            bent -= (inner - own)[:, None]
            bent *= towards
            bent *= -towards[:, None]
            bent.flat[:: n + 1] += 1
            pulled = blas.ddot(inner, weiszfeld)
            along = towards * (blas.dgemv(1.0, turned, weiszfeld, trans=1) - pulled)
            factor, solved, failed = lapack.dposv(bent, along, lower=1)
            if failed or not factor.diagonal().min() > _FLAT:
                return None
            beyond = towards * solved
            step = weiszfeld + beyond - blas.ddot(beyond, ones) * point
            squared = blas.ddot(blas.dgemv(1.0, turned, step, trans=1), step)
            length = math.sqrt(max(squared, 0)) * total / mass
            point = point + step
            # Each step is like the square of the last, so two of them tell the length of a third.
            if length <= tolerance or (
                before and 10 * (length * length * length) <= tolerance * (before * before)
            ):
                return point
            if before and not length <= before / 2:
                return None
            before = length
    return None


def _with_care(gram: Matrix, masses: NDArray[Any], tolerance: float, rounds: int) -> Weights:
    """Descend from the point with the least sum of distances, unless it is the answer."""
    start, gains = _least_point(gram, masses)
    about = _about(gram, start)
    distances = np.sqrt(np.maximum(np.diagonal(about), 0))
    norms = np.diagonal(gram)
    # Nobody knows the centre's own rounding, hence the point's norm beside the others'. What is
    # nearer than the answer need be known is one point, too: as several they would set the scale.
    equal = np.maximum(
        _CLOSE * (norms + start @ norms), (tolerance * _reach(distances, masses)) ** 2
    )
    apart = distances**2 > equal
    pulls = np.divide(masses, distances, out=np.zeros_like(distances), where=apart)
    if not apart.any():
        middle: Weights = masses / masses.sum()
        return middle
    scale = masses[apart].sum() / pulls.sum()
    held, pull = masses[~apart].sum(), np.sqrt(max(pulls @ about @ pulls, 0))
    if pull <= held * (1 + _TIED):
        middle = (gains - gains.min() <= _TIED * scale * masses.sum()) * masses
        middle /= middle.sum()
        return middle
    step = (1 - held / pull) * (pulls / pulls.sum() - start)
    point = start
    for _ in range(rounds):
        point = point + step
        about = _about(gram, point)
        distances = np.sqrt(np.maximum(np.diagonal(about), (tolerance * scale) ** 2))
        step, length = _downhill(about, distances, masses, point)
        if length <= tolerance * scale:
            break
    return point


def _reach(distances: Weights, masses: NDArray[Any]) -> float:
    """Return within which distance more than half of all mass lies."""
    order = distances.argsort()
    reached = masses[order].cumsum()
    return float(distances[order[np.searchsorted(reached, reached[-1] / 2, side="right")]])


def _about(gram: Matrix, point: Weights) -> Matrix:
    inner = gram @ point
    about: Matrix = gram - inner[:, None] - inner[None, :] + point @ inner
    return about


def _least_point(gram: Matrix, masses: NDArray[Any]) -> tuple[Weights, Weights]:
    """Return the point with the least sum of distances, and all sums, less that of some point."""
    norms = np.diagonal(gram)
    distances = np.sqrt(squared_distances(gram))
    some = _medians(distances).argmin()
    # d_ij - d_sj as a difference of squares over a sum: exact enough beside a far j.
    differences = norms[:, None] - norms[some] - 2 * (gram - gram[some])
    sums = distances + distances[some]
    gains = np.divide(differences, sums, out=np.zeros_like(sums), where=sums > 0) @ masses
    start = np.zeros(len(gram))
    start[gains.argmin()] = 1
    return start, gains


def _medians(distances: Matrix) -> Weights:
    """Return the median of each row; np.median takes ten times as long for as few."""
    ordered = distances.copy()
    ordered.sort(axis=1)
    n = len(ordered)
    medians: Weights = (ordered[:, (n - 1) // 2] + ordered[:, n // 2]) / 2
    return medians


def _downhill(
    about: Matrix, distances: Weights, masses: NDArray[Any], point: Weights
) -> tuple[Weights, float]:
    """Return the best of two steps and parts of them, and its length; none where none gains."""
    pulls = masses / distances
    weiszfeld = pulls / pulls.sum() - point
    # The Hessian is sum(pulls) (I - V Vᵀ) with n columns V, so its inverse is as small.
    towards = np.sqrt(pulls / pulls.sum()) / distances
    curvature = towards[:, None] * about * towards[None, :]
    curvature.flat[:: len(point) + 1] -= 1 + 1e-12  # a hair, for points on one line
    try:
        beyond = -towards * np.linalg.solve(curvature, towards * (about @ weiszfeld))
    except np.linalg.LinAlgError:  # where roundings are as large as what is between points
        beyond = np.zeros_like(point)
    newton = weiszfeld + beyond - beyond.sum() * point
    steps = np.array([weiszfeld, newton])  # (2, n)
    along = steps @ about
    squared = np.maximum((steps * along).sum(axis=1), 0)  # (2,)
    # Of each squared distance, (2, parts, n).
    changes = squared[:, None, None] * _SQUARED_PARTS - along[:, None] * _DOUBLED_PARTS
    moved = np.sqrt(np.maximum(distances**2 + changes, 0))
    gains = (changes / (moved + distances)) @ masses  # (2, parts)
    gains[~(gains < 0)] = 0  # a NaN, too
    # Weights so large that they cancel leave rounding, and that has led far from all points.
    gains[~(np.abs(point + steps).sum(axis=1) < _LARGEST)] = 0
    which, part = divmod(int(gains.argmin()), len(_PARTS))
    if gains[which, part] == 0:
        return np.zeros_like(point), 0.0
    return _PARTS[part] * steps[which], float(_PARTS[part] * np.sqrt(squared[which]))
