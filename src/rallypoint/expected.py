"""What a claim expects of a number: a threshold, and perhaps one for every single seed."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, get_args

from rallypoint.errors import InvalidConfig

Comparison = Literal[">=", "<=", ">", "<"]

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_EXPECTED = re.compile(
    rf"(?P<comparison>[<>]=?)\s*(?P<threshold>{_NUMBER})"
    rf"(?P<same>\s+on every seed)?(?:,\s*every seed\s*(?P<again>[<>]=?)\s*(?P<seed>{_NUMBER}))?"
)


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a claim says of a number, and perhaps of that number on every single seed.

    >>> Expected.parse(">= 0.95 on every seed").every_seed
    0.95
    >>> str(Expected(comparison="<=", threshold=0.05, every_seed=0.08))
    '<= 0.05, every seed <= 0.08'
    """

    comparison: Comparison
    threshold: float  # for the statistic over seeds
    every_seed: float | None = None  # for the worst seed, where the claim speaks of every one

    def __post_init__(self) -> None:
        """Refuse thresholds that nothing, or everything, could clear."""
        if self.comparison not in get_args(Comparison):
            raise InvalidConfig(f"a comparison is >=, <=, > or <, got {self.comparison!r}")
        for threshold in (self.threshold, self.every_seed):
            if threshold is not None and not math.isfinite(threshold):
                raise InvalidConfig(f"a threshold is a finite number, got {threshold!r}")

    @classmethod
    def parse(cls, text: str) -> "Expected":
        """Read what ``str`` writes: ``">= 0.9"``, ``"<= 0.05, every seed <= 0.08"``.

        Raises:
            InvalidConfig: it says something else.
        """
        match = _EXPECTED.fullmatch(text.strip())
        if match is None or match["again"] not in (None, match["comparison"]):
            raise InvalidConfig(
                "an expectation looks like '>= 0.95', '>= 0.95 on every seed' or "
                f"'<= 0.05, every seed <= 0.08', got {text!r}"
            )
        comparison: Any = match["comparison"]
        seed = match["threshold"] if match["same"] else match["seed"]
        if match["same"] and match["seed"]:
            raise InvalidConfig(f"{text!r} has two thresholds for every seed; give one")
        return cls(
            comparison=comparison,
            threshold=float(match["threshold"]),
            every_seed=None if seed is None else float(seed),
        )

    def __str__(self) -> str:
        """Say it as ``summary.json`` and the tables do."""
        text = f"{self.comparison} {_short(self.threshold)}"
        if self.every_seed is None:
            return text
        if self.every_seed == self.threshold:
            return f"{text} on every seed"
        return f"{text}, every seed {self.comparison} {_short(self.every_seed)}"

    def clears(self, value: float, threshold: float) -> bool:
        """Tell whether a value lies on the wanted side of a threshold."""
        match self.comparison:
            case ">=":
                return value >= threshold
            case "<=":
                return value <= threshold
            case ">":
                return value > threshold
            case _:
                return value < threshold

    def worst(self, values: Iterable[float]) -> float:
        """Return the value that is hardest on the claim."""
        return min(values) if self.comparison in (">=", ">") else max(values)


def _short(number: float) -> str:
    return repr(float(number)).removesuffix(".0")
