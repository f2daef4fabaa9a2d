"""Nearest-neighbour mixing: each update becomes the mean of those nearest to it."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.safety.aggregation.compiling import DISTANCES
from rallypoint.safety.aggregation.parts import Context, Mixing
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.span import Matrix, Span


@register
@dataclass(frozen=True, kw_only=True)
class NearestNeighbourMixing(Mixing):
    """Replaces each update by the mean of the n - f nearest to it, itself among them.

    It makes the constant of whatever follows one of order f / n. At small n the proved constant
    is larger than that of the bare rule (n = 7, f = 2: Krum 7, after mixing 26): mixing pays
    where n is many times f. That of the bare trimmed mean is the least there is, so no mixing
    improves on it.

    Source: Allouah, Farhadkhani, Guerraoui, Gupta, Pinot & Stephan, "Fixing by Mixing", AISTATS
    2023, arXiv:2302.01772.
    """

    name: ClassVar[str] = "nnm"
    bound: ClassVar[str] = "n >= 2 f + 1"
    cost: ClassVar[str] = "one Gram; before a coordinate rule another two"
    source: ClassVar[str] = "Allouah et al., 2023, AISTATS, arXiv:2302.01772"

    def robustness_with(self, inner: float | None, n: int, f: int) -> float | None:
        """Return 8 f / (n - f) (1 + kappa) for a rule of constant kappa."""
        return None if inner is None else 8 * f / (n - f) * (1 + inner)

    def mix(self, span: Span, f: int, context: Context) -> Matrix:
        """Average each update's nearest; of equally near ones, the first."""
        del context
        if (loops := DISTANCES.loops(span.n)) is not None:
            mixing = np.zeros((span.n, len(span.gram)))
            loops.share_out(span.distances, span.n - f, mixing)
            return mixing
        distances = span.distances.copy()
        distances.flat[:: span.n + 1] = -1  # itself, before all that are as near
        nearest = distances.argsort(axis=1, kind="stable")[:, : span.n - f]
        mixing = np.zeros((span.n, len(span.gram)))
        mixing[np.arange(span.n)[:, None], nearest] = 1 / (span.n - f)
        return mixing
