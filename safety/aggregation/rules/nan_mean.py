"""The mean of what arrived: no defence, but a lossy transport does no harm."""

from dataclasses import dataclass
from typing import Any, ClassVar

from rallypoint.safety.aggregation.parts import Property
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.windows import MeanOfPresentWindow


@register
@dataclass(frozen=True, kw_only=True)
class NanMean(MeanOfPresentWindow):
    """The mean of each coordinate's finite values.

    Where there is none, the last aggregate stays, if the context has one, and else the answer is
    NaN.

    It takes any f, so that attacks can be tried on it, and withstands none. It lacks honest_range
    and is not bounded: one update moves it anywhere.

    Source: "average-nan" of Damaskinos, El Mhamdi, Guerraoui, Guirguis & Rouault (2019),
    "AggregaThor: Byzantine Machine Learning via Robust Gradient Aggregation", MLSys.
    """

    name: ClassVar[str] = "nan_mean"
    bound: ClassVar[str] = "n >= 1"
    source: ClassVar[str] = "Damaskinos et al., MLSys 2019, average-nan"
    lacks: ClassVar[frozenset[Property]] = frozenset({"honest_range", "bounded"})

    def robustness(self, n: int, f: int) -> float | None:
        """Return 0 if nobody lies; no constant holds otherwise."""
        del n
        return None if f else 0.0

    def window(self, n: Any, f: int) -> tuple[Any, Any]:
        """Return all ranks; f does not matter."""
        del f
        return 0, n
