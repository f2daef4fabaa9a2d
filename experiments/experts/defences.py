"""What the server does about it: rules, what they are told, and whom they trust."""

from typing import NamedTuple

from rallypoint.draws import Floats
from rallypoint.errors import TooManyByzantine
from rallypoint.experiments.experts.config import ExpertsConfig
from rallypoint.safety.aggregation import Aggregator, Context

ALIKE = ("mean", "median", "geometric_median", "krum", "bulyan")  # treat all contributors alike
ALONE, RANK, HALF_ALONE, HALF, ROOTED, NO_ANCHORS = (
    "experts alone",
    "expert_rank",
    "half of the experts alone",
    "expert_rank, half anchored",
    "fltrust",
    "expert_rank, no anchors",
)
ALL = (*ALIKE, ALONE, RANK, HALF_ALONE, HALF, ROOTED, NO_ANCHORS)


class Defence(NamedTuple):
    """An aggregator, the f it is told, and the updates it may trust."""

    aggregator: Aggregator
    f: int
    trusted: tuple[int, ...]

    def combine(self, updates: Floats, root: Floats) -> Floats:
        """Return the aggregate (d,) of updates (n, d), with the server's own gradient (d,)."""
        context = Context(trusted=self.trusted, root=root)
        aggregate: Floats = self.aggregator(updates, self.f, context=context)
        return aggregate


def defence(config: ExpertsConfig, name: str) -> Defence:
    """Return a defence by its name.

    Rules that take so many liars are told the truth; others the most that they take.
    """
    experts = tuple(range(config.honest))
    trusted = {
        HALF_ALONE: experts[: config.honest // 2],
        HALF: experts[: config.honest // 2],
        NO_ANCHORS: tuple(range(config.contributors)),  # to trust all alike is to know nobody
    }.get(name, experts)
    if name in (ALONE, HALF_ALONE):  # trust that does not flow
        aggregator = Aggregator.parse("expert_rank", decay=0.0)
    else:
        aggregator = Aggregator.parse(name.partition(",")[0])
    return Defence(aggregator, _most(aggregator, config), trusted)


def _most(aggregator: Aggregator, config: ExpertsConfig) -> int:
    for f in range(config.colluders, 0, -1):
        try:
            aggregator.check(config.contributors, f)
        except TooManyByzantine:
            continue
        return f
    return 0
