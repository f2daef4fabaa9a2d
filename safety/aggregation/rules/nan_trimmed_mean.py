"""The trimmed mean of what arrived, for a lossy transport."""

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from rallypoint.safety.aggregation.order_statistics import (
    Block,
    Row,
    mean_of_present,
    shares_of_present,
)
from rallypoint.safety.aggregation.parts import CoordinateRule, Property
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.span import Matrix


@register
@dataclass(frozen=True, kw_only=True)
class NanTrimmedMean(CoordinateRule):
    """The mean of each coordinate's finite values without the f smallest and the f largest.

    At least 2 f + 1 must have arrived. Where fewer did, the last aggregate stays, if the context
    has one, and else the answer is NaN. Where nothing is lost it is, to the bit, the trimmed mean.

    It lacks rotation: other axes have other extremes. A constant is known where nothing is lost:
    the trimmed mean's.

    Source: the trimmed mean of Yin, Chen, Ramchandran & Bartlett (2018), ICML, arXiv:1803.01498,
    for the lossy transport of Damaskinos et al. (2019), "AggregaThor", MLSys.
    """

    name: ClassVar[str] = "nan_trimmed_mean"
    bound: ClassVar[str] = "n >= 2 f + 1"
    cost: ClassVar[str] = "one coordinate pass"
    source: ClassVar[str] = "Yin et al., ICML 2018, arXiv:1803.01498; Damaskinos et al., MLSys 2019"
    lacks: ClassVar[frozenset[Property]] = frozenset({"rotation"})
    skips_nan: ClassVar[bool] = True

    def combine(self, block: Block, f: int) -> Row:
        """Average what is in the middle of what is there."""
        return mean_of_present(block, partial(_trimmed, f), least=2 * f + 1)

    def shares(self, block: Block, f: int) -> Matrix:
        """Return equal shares of those in the middle, for each column with enough values."""
        return shares_of_present(block, partial(_trimmed, f), least=2 * f + 1)


def _trimmed(f: int, present: Any) -> tuple[int, Any]:
    return f, present - f
