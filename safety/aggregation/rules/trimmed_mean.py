"""The coordinate-wise trimmed mean."""

from dataclasses import dataclass
from typing import Any, ClassVar

from rallypoint.safety.aggregation.parts import Property
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.windows import MeanOfWindow


@register
@dataclass(frozen=True, kw_only=True)
class TrimmedMean(MeanOfWindow):
    """The mean of each coordinate without its f smallest and its f largest values.

    It lacks rotation: other axes have other extremes.

    Robustness: f / (n - 2 f), the least that any rule has. No value lowers it by being larger, so
    f lies without end take it furthest: to the mean of the n - 2 f largest honest values. And the
    mean of a share q of numbers is at most sqrt((1 - q) / q) deviations from the mean of all of
    them, here with q = (n - 2 f) / (n - f). Where those n - 2 f are equal, and so are the others,
    it gets there.

    Source: Yin, Chen, Ramchandran & Bartlett (2018), "Byzantine-Robust Distributed Learning:
    Towards Optimal Statistical Rates", ICML, arXiv:1803.01498. The constant is ours; Allouah et
    al., AISTATS 2023, arXiv:2302.01772, have the larger 6 r (1 + r) of r = f / (n - 2 f).
    """

    name: ClassVar[str] = "trimmed_mean"
    bound: ClassVar[str] = "n >= 2 f + 1"
    source: ClassVar[str] = "Yin, Chen, Ramchandran & Bartlett, ICML 2018, arXiv:1803.01498"
    lacks: ClassVar[frozenset[Property]] = frozenset({"rotation"})

    def robustness(self, n: int, f: int) -> float:
        """Return f / (n - 2 f)."""
        return f / (n - 2 * f)

    def window(self, n: Any, f: int) -> tuple[Any, Any]:
        """Return the n - 2 f ranks in the middle."""
        return f, n - f
