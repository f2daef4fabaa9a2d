"""The mean of batches of unequal sizes, some of which lie, also about their size."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rallypoint.errors import InvalidConfig, InvalidUpdates

_ENTRIES = 1 << 22  # of a table of who covers whom, at a time
_MOST = 2**62  # samples of a batch


@dataclass(frozen=True, eq=False)
class RobustBatchMean:
    """The mean of batches, weighted by their sizes as far as those can be trusted.

    Who claims many samples asks for much weight. Counts are therefore clipped to the
    (2 alpha n + 1)-th largest, so that a share alpha of liars weighs less than as many honest
    batches that are there besides; a liar already above that gains nothing by claiming more. Each
    batch is an interval around its mean, as wide as its clipped count allows; in each coordinate
    those that share the point of greatest weight are believed, and averaged.

    >>> honest, liar = [[0.4], [0.5], [0.6]], [[9.0]]
    >>> RobustBatchMean(honest + liar, [100, 100, 100, 10**9], alpha=0.25).value
    array([0.5])

    Source: in the setting of Chen, Zhang, Zhang, Wang & Zhu (2022), "Byzantine-Robust Online and
    Offline Distributed Reinforcement Learning", arXiv:2206.00165 (weighted clique).
    """

    means: NDArray[np.float64]  # (n, d)
    counts: NDArray[np.int64]  # (n,) samples behind each, as reported
    alpha: float  # share of batches that may lie, below 1/2
    spread: float = 0.5  # sub-Gaussian scale of one sample; 1/2 for values from 0 to 1
    failure: float = 0.05  # probability that any honest interval misses the mean

    def __post_init__(self) -> None:
        """Check the batches, and bring them into arrays.

        Raises:
            InvalidUpdates: wrong shapes, or more batches that are not finite than may lie.
            InvalidConfig: a parameter that cannot be meant.
        """
        means, counts = np.asarray(self.means), np.asarray(self.counts)
        if means.ndim != 2 or not means.size or counts.shape != (len(means),):
            raise InvalidUpdates(
                f"means must be (n, d) and counts (n,), got {means.shape} and {counts.shape}"
            )
        if means.dtype.kind not in "fiu":
            raise InvalidUpdates(f"means must be real numbers, got an array of {means.dtype}")
        whole = all(isinstance(count, int) and type(count) is not bool for count in counts.tolist())
        if not whole or counts.min() < 1:
            raise InvalidUpdates(f"counts must be whole numbers of at least 1, got {counts}")
        # Who claims more than there can be gains nothing by it.
        means, counts = means.astype(np.float64), np.minimum(counts, _MOST).astype(np.int64)
        if not 0 <= self.alpha < 0.5:
            raise InvalidConfig(f"alpha must lie in [0, 1/2), got {self.alpha}")
        if not (self.spread > 0 and 0 < self.failure < 1):
            raise InvalidConfig(
                f"spread must be above 0 and failure in (0, 1), got {self.spread}, {self.failure}"
            )
        broken = np.flatnonzero(~np.isfinite(means).all(axis=1))
        if len(broken) > self.liars:
            raise InvalidUpdates(
                f"at most {self.liars} batches may be non-finite, and {broken.tolist()} are"
            )
        object.__setattr__(self, "means", means)
        object.__setattr__(self, "counts", counts)

    @property
    def liars(self) -> int:
        """How many batches may lie."""
        return math.floor(self.alpha * len(self.means) + 1e-9)

    @cached_property
    def clipped(self) -> NDArray[np.int64]:
        """Counts that are believed: (n,); 0 for a batch that is not finite."""
        finite = np.isfinite(self.means).all(axis=1)
        cut = np.sort(self.counts)[::-1][2 * self.liars]
        return np.where(finite, np.minimum(self.counts, cut), 0)

    @cached_property
    def radii(self) -> NDArray[np.float64]:
        """How far each mean may be off in any coordinate: (n,)."""
        n, d = self.means.shape
        scale = self.spread * math.sqrt(2 * math.log(2 * n * d / self.failure))
        return scale / np.sqrt(np.maximum(self.clipped, 1))

    @cached_property
    def members(self) -> NDArray[np.bool_]:
        """Who is believed in which coordinate: (n, d)."""
        n, d = self.means.shape
        step = max(1, _ENTRIES // n**2)
        parts = [self._members(slice(start, start + step)) for start in range(0, d, step)]
        return np.concatenate(parts, axis=1)

    @cached_property
    def value(self) -> NDArray[np.float64]:
        """The mean: (d,)."""
        weights = self.members * self.clipped[:, None].astype(np.float64)  # no sum overflows
        means = np.where(weights > 0, self.means, 0)
        average: NDArray[np.float64] = (weights * means).sum(axis=0) / weights.sum(axis=0)
        return average

    def _members(self, columns: slice) -> NDArray[np.bool_]:
        used = self.clipped > 0
        means = np.where(used[:, None], self.means[:, columns], np.inf)  # (n, b)
        low, high = means - self.radii[:, None], means + self.radii[:, None]
        # Some interval begins at the point that most weight covers.
        covers = (low[:, None] <= low) & (low <= high[:, None])  # (n who, n point, b)
        covers &= used[:, None, None]
        weight = np.einsum("i,ijb->jb", self.clipped.astype(np.float64), covers)
        # Of points of equal weight the lowest, whoever's it is.
        best = np.where(weight == weight.max(axis=0), low, np.inf).argmin(axis=0)
        chosen: NDArray[np.bool_] = np.take_along_axis(covers, best[None, None], axis=1)[:, 0]
        return chosen
