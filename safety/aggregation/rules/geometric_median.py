"""Geometric median: the point nearest to all updates together."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation.fermat import fermat_point
from rallypoint.safety.aggregation.parts import Context, Property, SpanRule
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.span import Span, Weights


@register
@dataclass(frozen=True, kw_only=True)
class GeometricMedian(SpanRule):
    """The point with the least sum of distances to all updates, to convergence.

    It does not use f. It has no scale of its own: where a common form of the rule keeps distances
    from falling below a constant, and so becomes the mean for small updates, here the tolerance
    is relative to the distances at hand. Where several points are equally near, as between the
    middle two of an even number on a line, it is the middle of the updates among them.

    It lacks honest_range: far updates pull as much as near ones, and may pull it out of theirs.

    Robustness: n / (n - 2 f), in any number of dimensions. Let t u lead from the mean m of the h
    honest to the answer z, with |u| = 1. Unit vectors from all updates to z sum to zero (one at z
    counts as some vector no longer than 1), so the honest ones have parts c_i along u that sum to
    at most f. Seen from z, an update with part c is at an angle to the way to m - v u, hence no
    nearer to that point than (t + v) sqrt(1 - c²), or t + v if c < 0; squared, at least (t + v)²
    (1 - c) / 2. Squared distances from m - v u sum to h (var + v²), so that this is at least
    (t + v)² (h - f) / 2; at v = t (n - 2 f) / n that says t² <= var n / (n - 2 f). For even n liars
    come as near to it as they like. The constant is ours; Allouah et al. (2023), "Fixing by
    Mixing", arXiv:2302.01772, have the larger 4 (1 + f / (n - 2 f))².
    """

    name: ClassVar[str] = "geometric_median"
    bound: ClassVar[str] = "n >= 2 f + 1"
    cost: ClassVar[str] = "one Gram, one read"
    source: ClassVar[str] = (
        "Pillutla, Kakade & Harchaoui, 2019, Robust Aggregation for Federated Learning, "
        "arXiv:1912.13445; steps: Weiszfeld, 1937, and Vardi & Zhang, 2000"
    )
    lacks: ClassVar[frozenset[Property]] = frozenset({"honest_range"})

    tolerance: float = 1e-9  # length of the last step, in harmonic mean distances
    rounds: int = 100  # steps after which the best so far is the answer; 3 to 7 are usual

    def __post_init__(self) -> None:
        if not 0 < self.tolerance < 1:
            raise InvalidConfig(f"tolerance must lie in (0, 1), got {self.tolerance}")
        if self.rounds < 1:
            raise InvalidConfig(f"rounds must be at least 1, got {self.rounds}")

    def robustness(self, n: int, f: int) -> float | None:
        """Return n / (n - 2 f), unless settings coarser than the defaults may stop short of it."""
        is_found = self.tolerance <= type(self).tolerance and self.rounds >= type(self).rounds
        return n / (n - 2 * f) if is_found else None

    def weights(self, span: Span, f: int, context: Context) -> Weights:
        """Return the weights (k,) of the point nearest to all updates."""
        del f, context
        weights = np.zeros(len(span.gram))
        weights[: span.n] = fermat_point(
            span.gram[: span.n, : span.n],
            np.ones(span.n),
            tolerance=self.tolerance,
            rounds=self.rounds,
        )
        return weights
