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

    Robustness: 4 (1 + f / (n - 2 f))², Allouah, Farhadkhani, Guerraoui, Gupta, Pinot & Stephan
    (2023), "Fixing by Mixing", arXiv:2302.01772.
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

    def robustness(self, n: int, f: int) -> float:
        """Return 4 (1 + f / (n - 2 f))²."""
        return 4 * (1 + f / (n - 2 * f)) ** 2

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
