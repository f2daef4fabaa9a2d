"""The coordinate median."""

from dataclasses import dataclass
from typing import Any, ClassVar

from rallypoint.safety.aggregation.parts import Property
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.windows import MeanOfWindow


@register
@dataclass(frozen=True, kw_only=True)
class Median(MeanOfWindow):
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
    source: ClassVar[str] = "Yin, Chen, Ramchandran & Bartlett, ICML 2018, arXiv:1803.01498"
    lacks: ClassVar[frozenset[Property]] = frozenset({"rotation"})

    def robustness(self, n: int, f: int) -> float:
        """Return k / (n - f - k), with k values below the middle."""
        below = middle_ranks(n)[0]
        return below / (n - f - below)

    def window(self, n: Any, f: int) -> tuple[Any, Any]:
        """Return the middle rank, or two; f does not matter."""
        del f
        return middle_ranks(n)


def middle_ranks(n: int) -> tuple[int, int]:
    """Return from which rank to which the median averages.

    >>> middle_ranks(5), middle_ranks(6)
    ((2, 3), (2, 4))
    """
    return (n - 1) // 2, n // 2 + 1
