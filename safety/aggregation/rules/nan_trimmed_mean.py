"""The trimmed mean of what arrived, for a lossy transport."""

from dataclasses import dataclass
from typing import Any, ClassVar

from rallypoint.safety.aggregation.parts import Property
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.windows import MeanOfPresentWindow


@register
@dataclass(frozen=True, kw_only=True)
class NanTrimmedMean(MeanOfPresentWindow):
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
    source: ClassVar[str] = "Yin et al., ICML 2018, arXiv:1803.01498; Damaskinos et al., MLSys 2019"
    lacks: ClassVar[frozenset[Property]] = frozenset({"rotation"})

    def window(self, n: Any, f: int) -> tuple[Any, Any]:
        """Return the n - 2 f ranks in the middle."""
        return f, n - f
