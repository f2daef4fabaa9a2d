"""DnC: mean of the updates that no direction of some columns sets apart."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation.covariance import widest
from rallypoint.safety.aggregation.parts import Context, Need, Property, SpanRule, mean_of
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.span import Span, Weights


@register
@dataclass(frozen=True, kw_only=True)
class Dnc(SpanRule):
    """Divide and conquer: drop the outliers of some columns, again and again, and average the rest.

    Each round draws some columns and drops the ``removed`` times f updates with the largest offset
    along their widest direction; equal ones, the later first. The answer is the mean of updates
    dropped in no round. Several rounds may leave none: then of those dropped in the fewest.

    It lacks bounded: a round sees one direction, so that an update far out in another stays if it
    is near the middle of that one, and more rounds need not find it.
    """

    name: ClassVar[str] = "dnc"
    bound: ClassVar[str] = "n >= 2 f + 1"
    cost: ClassVar[str] = "two reads, one Gram of the drawn columns a round"
    source: ClassVar[str] = "Shejwalkar & Houmansadr, 2021, Manipulating the Byzantine, NDSS"
    needs: ClassVar[frozenset[Need]] = frozenset({"rng"})
    lacks: ClassVar[frozenset[Property]] = frozenset({"bounded"})

    rounds: int = 1
    columns: int = 10_000  # drawn each round, without replacement; all where there are fewer
    removed: float = 1.0  # updates dropped each round, in f; rounded to the nearest whole number

    def __post_init__(self) -> None:
        if self.rounds < 1 or self.columns < 1:
            raise InvalidConfig(
                f"rounds and columns must be at least 1, got {self.rounds} and {self.columns}"
            )
        if not 0 < self.removed < np.inf:
            raise InvalidConfig(f"removed must be a positive number, got {self.removed}")

    @property
    def radial(self) -> bool:
        """Updates are compared on drawn columns alone, which have a Gram of their own."""
        return True

    def weights(self, span: Span, f: int, context: Context) -> Weights:
        """Return the weights (k,) of the mean of updates dropped least often."""
        assert context.rng is not None  # it is a need
        n, dropped = span.n, round(self.removed * f)
        if dropped >= n:
            raise InvalidConfig(
                f"dnc must leave an update: removed={self.removed} times f={f} drops {dropped} of "
                f"n={n}; take a smaller removed"
            )
        times = np.zeros(n, dtype=np.int64)
        for _ in range(self.rounds):
            _, offsets = widest(span.sampled(context.rng, self.columns), np.full(n, 1 / n))
            # Equal offsets come out of LAPACK a little apart; as ties the later ones are dropped.
            compared = (offsets / (offsets.max() or 1)).round(12)
            times[compared.argsort(kind="stable")[n - dropped :]] += 1
        return mean_of(span, np.flatnonzero(times == times.min()))
