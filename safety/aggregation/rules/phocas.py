"""Phocas: the mean around the trimmed mean."""

from dataclasses import dataclass
from typing import ClassVar

from rallypoint.safety.aggregation.order_statistics import (
    Block,
    Row,
    mean_nearest,
    shares_nearest,
)
from rallypoint.safety.aggregation.parts import CoordinateRule, Property
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.span import Matrix


@register
@dataclass(frozen=True, kw_only=True)
class Phocas(CoordinateRule):
    """The mean of the n - f values of each coordinate that are nearest to its trimmed mean.

    Of two that are equally near, the smaller value counts as the nearer. Far lies leave the mean
    among honest values; near ones, all on the side where honest values are few, can pull it out.

    It lacks rotation: other axes have other extremes. No constant is known.

    Source: Xie, Koyejo & Gupta (2018), "Phocas: dimensional Byzantine-resilient stochastic gradient
    descent", arXiv:1805.09682.
    """

    name: ClassVar[str] = "phocas"
    bound: ClassVar[str] = "n >= 2 f + 1"
    cost: ClassVar[str] = "one coordinate pass"
    source: ClassVar[str] = "Xie, Koyejo & Gupta, 2018, arXiv:1805.09682"
    lacks: ClassVar[frozenset[Property]] = frozenset({"rotation"})

    def combine(self, block: Block, f: int) -> Row:
        """Average the nearest."""
        n = len(block)
        return mean_nearest(block, n - f, f, n - f)

    def consume(self, block: Block, f: int) -> Row:
        """Return the same, in place."""
        return mean_nearest(block, len(block) - f, f, len(block) - f, in_place=True)

    def shares(self, block: Block, f: int) -> Matrix:
        """Return equal shares of the nearest; of equal values, the first updates'."""
        n = len(block)
        return shares_nearest(block, n - f, f, n - f)
