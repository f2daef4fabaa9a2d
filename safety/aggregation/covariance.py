"""The weighted covariance of updates, as their Gram matrix knows it.

For shares w and offsets y_i = x_i - mean, the covariance sum of w_i y_i y_iᵀ (d, d) has the
eigenvalues of the matrix of sqrt(w_i w_j) <y_i, y_j> (n, n). An eigenvector q of the latter stands
for a direction in which update i lies sqrt(lambda / w_i) q_i from the mean. So no direction is
ever estimated: each is exact, and takes no read.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.safety.aggregation.compiling import SOLVERS
from rallypoint.safety.aggregation.span import Matrix, Span, Weights

_EQUAL = 1e-6  # relative; scores closer than this are equal
_WORK = 66  # numbers for each row, with which LAPACK works in blocks
_DENSE = 512  # updates; beyond, one eigenpair comes sooner by Lanczos' method


def covariance(span: Span, shares: NDArray[Any]) -> Matrix:
    """Return a matrix (n, n) with the spectrum of the covariance, zeros aside.

    Args:
        span: the updates.
        shares: (n,) how much of the mean each update is; at least 0, summing to one.
    """
    from scipy.linalg import blas  # as below

    own = span.gram[: span.n, : span.n]
    inner = blas.dgemv(1.0, own.T, shares, trans=1)
    roots = np.sqrt(shares)
    matrix: Matrix = own - inner  # in place from here, which is sooner done
    matrix -= (inner - blas.ddot(shares, inner))[:, None]
    matrix *= roots
    matrix *= roots[:, None]
    return matrix


def widest(span: Span, shares: NDArray[Any]) -> tuple[float, Weights]:
    """Return the largest variance in any direction, and each update's squared offset along it.

    The offset of an update without a share is given as 0.

    Args:
        span: the updates.
        shares: (n,) how much of the mean each update is; at least 0, summing to one.
    """
    matrix = covariance(span, shares)
    value, vector = _top(matrix)
    return value, _per_share(value * vector**2, shares)


def narrowest(span: Span, least: float) -> Weights:
    """Return shares (n,) of the mean with the least variance in its widest direction.

    Of the means met on the way when credit is lowered along the widest directions, again and again,
    until no more than the least of it is left.
    """
    own = np.ascontiguousarray(span.gram[: span.n, : span.n])
    if (loops := SOLVERS.loops(span.n)) is not None:
        found: Weights | None = loops.narrowed(own, (0.0, float(least), _EQUAL), to_last=False)
        if found is not None:
            return found
    credit = np.ones(span.n)
    left, narrowest = float(span.n), np.inf
    answer = credit
    while True:
        shares = credit / left
        value, offsets = widest(span, shares)
        if value < narrowest:
            answer, narrowest = shares, value
        if not offsets.any():  # all are where the mean is, to the smallest number there is
            return answer
        credit = lowered(credit, offsets)
        left = total(credit)
        if left <= least:
            return answer


def filtered(span: Span, limit: float, least: float) -> Weights | None:
    """Return what ``rules.filter`` does by the widest direction alone, where loops are compiled.

    Args:
        span: the updates.
        limit: variance in the widest direction at which it ends.
        least: credit that must be left.
    """
    loops = SOLVERS.loops(span.n)
    if loops is None:
        return None
    own = np.ascontiguousarray(span.gram[: span.n, : span.n])
    found: Weights | None = loops.narrowed(own, (limit, float(least), _EQUAL), to_last=True)
    return found


def total(credit: NDArray[Any]) -> float:
    """Return the sum of credit (n,), to the bit that of compiled loops."""
    from scipy.linalg import blas  # as below

    added: float = blas.ddot(credit, np.ones(len(credit)))
    return added


def lowered(credit: NDArray[Any], scores: NDArray[Any]) -> Weights:
    """Return what is left of credit (n,) when each loses its score, in shares of the largest.

    Those within a millionth of the largest lose all, too: equal updates, such as mixing makes,
    would otherwise keep as much as rounding leaves them, and be the farthest once more.
    """
    shares = scores / scores.max()
    left: Weights = np.where(shares > 1 - _EQUAL, 0, credit * (1 - shares))
    return left


def spectrum(span: Span, shares: NDArray[Any]) -> tuple[Weights, Matrix]:
    """Return all variances, ascending (n,), and squared offsets along their directions (n, n).

    Row i is update i, column j direction j; an update without a share has zeros.
    """
    values, vectors = _largest(covariance(span, shares), span.n)
    np.maximum(values, 0, out=values)
    return values, _per_share(vectors**2 * values, shares[:, None])


def _top(matrix: Matrix) -> tuple[float, Weights]:
    if len(matrix) <= _DENSE:
        values, vectors = _largest(matrix, 1)
    else:
        from scipy.sparse.linalg import eigsh

        if not matrix.any():
            return 0.0, np.zeros(len(matrix))
        # Irregular, so that it has a part along any direction; always the same, hence repeatable.
        start = np.cos(np.arange(len(matrix)) ** 2)
        values, vectors = eigsh(matrix, 1, which="LA", v0=start)
    return max(float(values[0]), 0.0), vectors[:, 0]


def _largest(matrix: Matrix, count: int) -> tuple[Weights, Matrix]:
    """Return the largest eigenvalues, ascending (count,), and their eigenvectors (n, count)."""
    # Slow to load, and few rules need it. What scipy.linalg.eigh adds takes longer for ten updates.
    from scipy.linalg import lapack

    n = len(matrix)
    values, vectors, found, _, info = lapack.dsyevr(
        matrix, range="I", il=n - count + 1, iu=n, lower=1, lwork=_WORK * n
    )
    if info or found < count:
        raise np.linalg.LinAlgError(f"no eigenvalues of {n} updates' covariance (LAPACK: {info})")
    return values[:count], vectors[:, :count]


def _per_share(total: Matrix, shares: NDArray[Any]) -> Matrix:
    quotient: Matrix = np.divide(total, shares, out=np.zeros_like(total), where=shares > 0)
    return quotient
