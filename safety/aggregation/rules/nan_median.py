"""The coordinate median of what arrived, for a lossy transport."""

from dataclasses import dataclass
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
class NanMedian(CoordinateRule):
    """The median of each coordinate's finite values, of which at least 2 f + 1 must have arrived.

    Where fewer did, the last aggregate stays, if the context has one, and else the answer is NaN.
    Where nothing is lost it is, to the bit, the median.

    It lacks rotation: other axes have other middles. A constant is known where nothing is lost:
    the median's.

    Source: the median of Yin, Chen, Ramchandran & Bartlett (2018), ICML, arXiv:1803.01498, for
    the lossy transport of Damaskinos et al. (2019), "AggregaThor", MLSys.
    """

    name: ClassVar[str] = "nan_median"
    bound: ClassVar[str] = "n >= 2 f + 1"
    cost: ClassVar[str] = "one coordinate pass"
    source: ClassVar[str] = "Yin et al., ICML 2018, arXiv:1803.01498; Damaskinos et al., MLSys 2019"
    lacks: ClassVar[frozenset[Property]] = frozenset({"rotation"})
    skips_nan: ClassVar[bool] = True

    def combine(self, block: Block, f: int) -> Row:
        """Average the middle one or two of what is there."""
        return mean_of_present(block, _middle, least=2 * f + 1)

    def shares(self, block: Block, f: int) -> Matrix:
        """Return a one, or two halves, for each column with enough values."""
        return shares_of_present(block, _middle, least=2 * f + 1)


def _middle(present: Any) -> tuple[Any, Any]:
    return (present - 1) // 2, present // 2 + 1
