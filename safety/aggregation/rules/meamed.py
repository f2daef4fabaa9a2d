"""Meamed: the mean around the coordinate median."""

from dataclasses import dataclass
from typing import Any, ClassVar

from rallypoint.safety.aggregation.parts import Property
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.rules.median import middle_ranks
from rallypoint.safety.aggregation.windows import MeanAroundWindow


@register
@dataclass(frozen=True, kw_only=True)
class Meamed(MeanAroundWindow):
    """The mean of the n - f values of each coordinate that are nearest to its median.

    Of two that are equally near, the smaller value counts as the nearer. Far lies leave the mean
    among honest values; near ones, all on the side where honest values are few, can pull it out.

    It lacks rotation: other axes have other medians. No constant is known.

    Source: Xie, Koyejo & Gupta (2018), "Generalized Byzantine-tolerant SGD", arXiv:1802.10116.
    """

    name: ClassVar[str] = "meamed"
    bound: ClassVar[str] = "n >= 2 f + 1"
    source: ClassVar[str] = "Xie, Koyejo & Gupta, 2018, arXiv:1802.10116"
    lacks: ClassVar[frozenset[Property]] = frozenset({"rotation"})

    def window(self, n: Any, f: int) -> tuple[Any, Any]:
        """Return the middle rank, or two; f does not matter."""
        del f
        return middle_ranks(n)
