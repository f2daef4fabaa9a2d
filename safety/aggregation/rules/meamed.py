"""Meamed: the mean around the coordinate median."""

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
from rallypoint.safety.aggregation.rules.median import middle_ranks
from rallypoint.safety.aggregation.span import Matrix


@register
@dataclass(frozen=True, kw_only=True)
class Meamed(CoordinateRule):
    """The mean of the n - f values of each coordinate that are nearest to its median.

    Of two that are equally near, the smaller value counts as the nearer. Far lies leave the mean
    among honest values; near ones, all on the side where honest values are few, can pull it out.

    It lacks rotation: other axes have other medians. No constant is known.

    Source: Xie, Koyejo & Gupta (2018), "Generalized Byzantine-tolerant SGD", arXiv:1802.10116.
    """

    name: ClassVar[str] = "meamed"
    bound: ClassVar[str] = "n >= 2 f + 1"
    cost: ClassVar[str] = "one coordinate pass"
    source: ClassVar[str] = "Xie, Koyejo & Gupta, 2018, arXiv:1802.10116"
    lacks: ClassVar[frozenset[Property]] = frozenset({"rotation"})

    def combine(self, block: Block, f: int) -> Row:
        """Average the nearest."""
        n = len(block)
        return mean_nearest(block, n - f, *middle_ranks(n))

    def consume(self, block: Block, f: int) -> Row:
        """Return the same, in place."""
        return mean_nearest(block, len(block) - f, *middle_ranks(len(block)), in_place=True)

    def shares(self, block: Block, f: int) -> Matrix:
        """Return equal shares of the nearest; of equal values, the first updates'."""
        n = len(block)
        return shares_nearest(block, n - f, *middle_ranks(n))
