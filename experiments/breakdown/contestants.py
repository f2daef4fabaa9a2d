"""Who competes: rules that need nothing but updates and f, and all attacks on updates."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from rallypoint.draws import stream
from rallypoint.errors import SearchTooLong, TooManyByzantine
from rallypoint.experiments.breakdown.config import BreakdownConfig
from rallypoint.safety.aggregation import Aggregator, aggregators
from rallypoint.safety.aggregation.parts import Mixing

CHAINS = (
    "nnm+krum",
    "nnm+median",
    "nnm+trimmed_mean",
    "nnm+geometric_median",
    "arc+nnm+trimmed_mean",
)
# Published settings beside the defaults, where the defaults are mild.
ATTACKS: dict[str, tuple[str, dict[str, Any]]] = {
    "alie": ("alie", {}),
    "alie, z 1.5": ("alie", {"z": 1.5}),
    "average_zero": ("average_zero", {}),
    "fedpg": ("fedpg", {}),
    "gaussian": ("gaussian", {}),
    "hidden_vulnerability": ("hidden_vulnerability", {}),
    "infinity": ("infinity", {}),
    "inner_product": ("inner_product", {}),
    "inner_product, epsilon 10": ("inner_product", {"epsilon": 10.0}),
    "mimic": ("mimic", {}),
    "min_max": ("min_max", {}),
    "min_sum": ("min_sum", {}),
    "nan": ("nan", {}),
    "normalized": ("normalized", {}),
    "opt_ema": ("opt_ema", {}),
    "optimal:mean": ("optimal:mean", {}),
    "optimal:reverse": ("optimal:reverse", {}),
    "optimal:sign": ("optimal:sign", {}),
    "optimal:std": ("optimal:std", {}),
    "partial_drop": ("partial_drop", {}),
    "sign_flip": ("sign_flip", {}),
    "sign_flip, factor 100": ("sign_flip", {"factor": 100.0}),
    "uniform": ("uniform", {}),
    "zero": ("zero", {}),
}


class Contestant(NamedTuple):
    """A rule, and the most liars that it may be told of."""

    name: str
    aggregator: Aggregator
    most: int  # the largest f that its bound, and its search, allow among n
    is_bounded: bool  # whether it promises anything

    def told(self, f_real: int) -> int:
        """Return the f that it is told: the truth, as long as it takes it."""
        return min(f_real, self.most)

    def kappa(self, n: int, f: int) -> float | None:
        """Return its declared constant, if it has one."""
        return self.aggregator.robustness(n, f)


def contestants(config: BreakdownConfig) -> Iterator[Contestant]:
    """Yield every rule that can compete, and the chains."""
    n, most = config.contributors, config.liars[-1]
    for name in (*(name for name in aggregators if _competes(name)), *CHAINS):
        aggregator = Aggregator.parse(
            name, **({"subsets": config.subsets} if name == "smea" else {})
        )
        is_bounded = not any("bounded" in part.lacks for part in aggregator.parts)
        fits = [f for f in range(most + 1) if is_bounded and _takes(aggregator, n, f)]
        yield Contestant(name, aggregator, max(fits, default=0), is_bounded)


def _competes(name: str) -> bool:
    """Tell whether a part is a rule that needs nothing, not even the unit of updates."""
    part = aggregators[name]
    return not (issubclass(part, Mixing) or part.needs or {"idempotence", "scaling"} & part.lacks)


def _takes(aggregator: Aggregator, n: int, f: int) -> bool:
    try:
        aggregator(stream(0, "breakdown/probe").standard_normal((n, 2)), f)
    except (TooManyByzantine, SearchTooLong):
        return False
    return True
