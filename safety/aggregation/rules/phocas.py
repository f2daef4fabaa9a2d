"""Phocas: the mean around the trimmed mean."""

from dataclasses import dataclass
from typing import Any, ClassVar

from rallypoint.safety.aggregation.parts import Property
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.windows import MeanAroundWindow


@register
@dataclass(frozen=True, kw_only=True)
class Phocas(MeanAroundWindow):
    """The mean of the n - f values of each coordinate that are nearest to its trimmed mean.

    Of two that are equally near, the smaller value counts as the nearer. Far lies leave the mean
    among honest values; near ones, all on the side where honest values are few, can pull it out.

    It lacks rotation: other axes have other extremes. No constant is known.

    Source: Xie, Koyejo & Gupta (2018), "Phocas: dimensional Byzantine-resilient stochastic gradient
    descent", arXiv:1805.09682.
    """

    name: ClassVar[str] = "phocas"
    bound: ClassVar[str] = "n >= 2 f + 1"
    source: ClassVar[str] = "Xie, Koyejo & Gupta, 2018, arXiv:1805.09682"
    lacks: ClassVar[frozenset[Property]] = frozenset({"rotation"})

    def window(self, n: Any, f: int) -> tuple[Any, Any]:
        """Return the n - 2 f ranks in the middle."""
        return f, n - f
