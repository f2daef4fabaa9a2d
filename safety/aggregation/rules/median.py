"""The coordinate median."""

from dataclasses import dataclass
from typing import ClassVar

from rallypoint.safety.aggregation.order_statistics import (
    Block,
    Row,
    mean_of_ranks,
    shares_of_ranks,
)
from rallypoint.safety.aggregation.parts import CoordinateRule, Property
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.span import Matrix


@register
@dataclass(frozen=True, kw_only=True)
class Median(CoordinateRule):
    """The middle value of each coordinate; of an even number, the mean of the middle two.

    It lacks rotation: other axes have other middles.

    Robustness: with k values below the middle one or two, of which the lower has rank k + 1, it is
    k / (n - f - k), and liars bring it about: the proof is that of ``TrimmedMean``, the n - f - k
    largest honest values being on average no less than the smallest one or two of them.

    Source: Yin, Chen, Ramchandran & Bartlett (2018), "Byzantine-Robust Distributed Learning:
    Towards Optimal Statistical Rates", ICML, arXiv:1803.01498. The constant is ours; Allouah et
    al., AISTATS 2023, arXiv:2302.01772, have the larger 4 (1 + f / (n - 2 f))².
    """

    name: ClassVar[str] = "median"
    bound: ClassVar[str] = "n >= 2 f + 1"
    cost: ClassVar[str] = "one coordinate pass"
    source: ClassVar[str] = "Yin, Chen, Ramchandran & Bartlett, ICML 2018, arXiv:1803.01498"
    lacks: ClassVar[frozenset[Property]] = frozenset({"rotation"})

    def robustness(self, n: int, f: int) -> float:
        """Return k / (n - f - k), with k values below the middle."""
        below = middle_ranks(n)[0]
        return below / (n - f - below)

    def combine(self, block: Block, f: int) -> Row:
        """Average the middle one or two; f does not matter."""
        del f
        return mean_of_ranks(block, *middle_ranks(len(block)))

    def consume(self, block: Block, f: int) -> Row:
        """Return the same, in place."""
        del f
        return mean_of_ranks(block, *middle_ranks(len(block)), in_place=True)

    def shares(self, block: Block, f: int) -> Matrix:
        """Return a one, or two halves, for each column; of equal values, the first update's."""
        del f
        return shares_of_ranks(block, *middle_ranks(len(block)))


def middle_ranks(n: int) -> tuple[int, int]:
    """Return from which rank to which the median averages.

    >>> middle_ranks(5), middle_ranks(6)
    ((2, 3), (2, 4))
    """
    return (n - 1) // 2, n // 2 + 1
