"""SMEA: the mean of the n - f updates that spread least in any direction."""

from dataclasses import dataclass
from itertools import chain, combinations
from math import comb
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rallypoint.errors import InvalidConfig, SearchTooLong
from rallypoint.safety.aggregation.parts import Context, SpanRule, mean_of
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.span import Matrix, Span, Weights

_STEPS = 10  # of Lanczos' method; more rule out more subsets, and take longer
_SPENT = 1e-8  # relative; what is left of a direction below this is rounding, and bounds nothing
_TIED = 1e-10  # relative; variances closer than this are equal


@register
@dataclass(frozen=True, kw_only=True)
class Smea(SpanRule):
    """Smallest maximum eigenvalue averaging: the n - f updates with the least covariance.

    All subsets are compared by the largest eigenvalue of their covariance, exactly, up to a limit
    on their number. A few steps of Lanczos' method run on all of them at once; what these find can
    only be too small, so eigenvalues are computed for few. Of equal subsets it is the first, as
    ``itertools.combinations`` orders them.

    Robustness: the subset shares n - 2 f updates with S, whose mean differs from either's by at
    most sqrt(f / (n - 2 f)) standard deviations in any direction, and it spreads no more than S.
    So kappa is 4 f / (n - 2 f) even where the variance of S is only its largest eigenvalue.
    """

    name: ClassVar[str] = "smea"
    bound: ClassVar[str] = "n >= 2 f + 1"
    cost: ClassVar[str] = "one Gram, one read; and a search through all subsets of n - f"
    source: ClassVar[str] = (
        "Allouah, Guerraoui, Gupta, Pinot & Stephan, 2023, On the Privacy-Robustness-Utility "
        "Trilemma in Distributed Learning, arXiv:2302.04787"
    )

    subsets: int = 20_000  # beyond which it is refused

    def __post_init__(self) -> None:
        if self.subsets < 1:
            raise InvalidConfig(f"subsets must be at least 1, got {self.subsets}")

    def robustness(self, n: int, f: int) -> float:
        """Return 4 f / (n - 2 f)."""
        return 4 * f / (n - 2 * f)

    def refuse(self, n: int, f: int) -> None:
        """Refuse to compare more subsets than allowed.

        Raises:
            SearchTooLong: says how many there are.
        """
        if comb(n, f) > self.subsets:
            raise SearchTooLong(
                f"smea compares all subsets of n - f updates, at most {self.subsets}: n={n} and "
                f"f={f} make {comb(n, f)}; allow more by subsets=…, or take caf, which needs none"
            )

    def weights(self, span: Span, f: int, context: Context) -> Weights:
        """Return the weights (k,) of the mean of the n - f updates that spread least."""
        del context
        n = span.n
        members = np.fromiter(
            chain.from_iterable(combinations(range(n), n - f)), np.intp, comb(n, f) * (n - f)
        ).reshape(-1, n - f)
        return mean_of(span, members[_narrowest(span.gram[:n, :n], members)])


def _narrowest(gram: Matrix, members: NDArray[np.intp]) -> int:
    """Return the first subset (of rows of members) with the least largest eigenvalue."""
    least = _lower_bounds(gram, members)
    values = np.full(len(members), np.inf)
    order = least.argsort(kind="stable")
    size = max(1, 2**16 // members.shape[1] ** 2)  # matrices at a time
    for first in range(0, len(order), size):
        some = order[first : first + size]
        if least[some[0]] > values.min() * (1 + _TIED):
            break
        products = _centred(gram[members[some, :, None], members[some, None, :]])
        values[some] = np.maximum(np.linalg.eigvalsh(products)[:, -1], 0)
    return int((values <= values.min() * (1 + _TIED)).argmax())


def _centred(products: Matrix) -> Matrix:
    """Return inner products (s, m, m) of points about the mean of each set."""
    inner = products.mean(axis=2, keepdims=True)
    centred: Matrix = products - inner - inner.mT + inner.mean(axis=1, keepdims=True)
    return centred


def _lower_bounds(gram: Matrix, members: NDArray[np.intp]) -> NDArray[np.floating[Any]]:
    """Return what the largest eigenvalue of each subset is at least: (s,)."""
    subsets = np.zeros((len(members), len(gram)))
    np.put_along_axis(subsets, members, 1.0, axis=1)
    size = members.shape[1]

    def centred(vectors: Matrix) -> Matrix:
        means = (vectors * subsets).sum(axis=1, keepdims=True) / size
        offsets: Matrix = subsets * (vectors - means)
        return offsets

    vectors = centred(gram[(subsets * np.diagonal(gram)).argmax(axis=1)])
    before, lengths, largest = np.zeros_like(vectors), _lengths(vectors), 0.0
    steps = min(_STEPS, size)  # there are no more directions
    tridiagonal = np.zeros((len(members), steps, steps))
    for step in range(steps):
        vectors = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
        vectors = centred(vectors)  # again, or rounding would grow from step to step
        products = centred(vectors @ gram)
        along = (products * vectors).sum(axis=1, keepdims=True)
        tridiagonal[:, step, step] = along[:, 0]
        before, vectors = vectors, products - along * vectors - lengths * before * (step > 0)
        lengths, largest = _lengths(vectors), np.maximum(largest, along)
        lengths *= lengths > _SPENT * largest
        if step + 1 < steps:
            tridiagonal[:, step, step + 1] = tridiagonal[:, step + 1, step] = lengths[:, 0]
    return np.linalg.eigvalsh(tridiagonal)[:, -1]


def _lengths(vectors: Matrix) -> Matrix:
    # In shares of the largest: of a Gram's numbers the squares may overflow.
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    shares = np.divide(vectors, largest, out=np.zeros_like(vectors), where=largest > 0)
    lengths: Matrix = largest * np.sqrt((shares**2).sum(axis=1, keepdims=True))
    return lengths
