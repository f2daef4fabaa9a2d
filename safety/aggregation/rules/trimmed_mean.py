"""The coordinate-wise trimmed mean."""

from dataclasses import dataclass
from typing import ClassVar

from rallypoint.safety.aggregation.order_statistics import (
    Block,
    Row,
    mean_of_ranks,
    shares_of_ranks,
)
from rallypoint.safety.aggregation.parts import CoordinateRule, Property, among_honest
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.span import Matrix


@register
@dataclass(frozen=True, kw_only=True)
class TrimmedMean(CoordinateRule):
    """The mean of each coordinate without its f smallest and its f largest values.

    It lacks rotation: other axes have other extremes.

    Source: Yin, Chen, Ramchandran & Bartlett (2018), "Byzantine-Robust Distributed Learning:
    Towards Optimal Statistical Rates", ICML, arXiv:1803.01498. Constant: Allouah et al., AISTATS
    2023, arXiv:2302.01772.
    """

    name: ClassVar[str] = "trimmed_mean"
    bound: ClassVar[str] = "n >= 2 f + 1"
    cost: ClassVar[str] = "one coordinate pass"
    source: ClassVar[str] = "Yin, Chen, Ramchandran & Bartlett, ICML 2018, arXiv:1803.01498"
    lacks: ClassVar[frozenset[Property]] = frozenset({"rotation"})

    def robustness(self, n: int, f: int) -> float:
        """Return 6 r (1 + r) of r = f / (n - 2 f)."""
        ratio = f / (n - 2 * f)
        return 6 * ratio * (1 + ratio)

    def largest_spread(self, n: int, f: int) -> float | None:
        """Return that of the constant, or of being among the honest, whichever is larger."""
        return among_honest(self.robustness(n, f), n, f)

    def combine(self, block: Block, f: int) -> Row:
        """Average the n - 2 f in the middle."""
        return mean_of_ranks(block, f, len(block) - f)

    def consume(self, block: Block, f: int) -> Row:
        """Return the same, in place."""
        return mean_of_ranks(block, f, len(block) - f, in_place=True)

    def shares(self, block: Block, f: int) -> Matrix:
        """Return equal shares of those in the middle; of equal values, the first go low."""
        return shares_of_ranks(block, f, len(block) - f)
