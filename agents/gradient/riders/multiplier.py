"""The price of cost: a multiplier that rises while costs are above their limit."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.gradient.architecture import Parameters
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.fragment import Fragment
from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.agents.gradient.riders import Rider, Said
from rallypoint.batch_env import Mask, Snapshot
from rallypoint.errors import InvalidConfig

Whose = Literal["agent", "team"]


@dataclass(frozen=True, kw_only=True)
class Multiplier(Rider):
    """Lagrange's multiplier of a limit on what an episode costs.

    A contributor sends how far the mean cost of the episodes that ended in its fragment is from the
    limit; of one in which none ended, the last known mean, and nothing before there is one. The
    server raises the multiplier by the combined difference, and never below 0.
    """

    name: ClassVar[str] = "multiplier"

    limit: float  # of the summed costs of an episode, of each agent or of the team
    whose: Whose = "agent"
    rate: float = 0.05  # by which the multiplier rises, for each unit of cost above the limit
    first: float = 0.0  # the multiplier at first
    scale: float = 0.1  # of a difference as large as the limit (or 1), in an update

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            InvalidConfig: says what must hold.
        """
        if min(self.limit, self.first) < 0 or min(self.rate, self.scale) <= 0:
            raise InvalidConfig(
                "a multiplier takes a limit and first value >= 0, and a rate and scale > 0, got "
                f"{self.limit}, {self.first}, {self.rate} and {self.scale}"
            )
        if self.whose not in {"agent", "team"}:
            raise InvalidConfig(f'a limit is of each "agent" or of the "team", got {self.whose!r}')

    @property
    def size(self) -> int:
        """One number."""
        return 1

    def initial(self) -> Parameters:
        """Start with the first value."""
        return np.array([self.first], dtype=np.float32)

    def memory(self, num_copies: int, num_agents: int, contributors: Contributors) -> Snapshot:
        """Remember what running episodes have cost, and the last known means (R, n)."""
        lanes = num_agents if self.whose == "agent" else 1
        return {
            "so_far": np.zeros((num_copies, lanes)),
            "known": np.full((contributors.runs, contributors.count), np.nan),
        }

    def say(
        self, own: Parameters, fragment: Fragment, contributors: Contributors, memory: Snapshot
    ) -> Said:
        """Say how far each contributor's mean cost is above the limit."""
        del own
        costs, ends = episodes_of(fragment, self.whose)
        so_far, totals = memory["so_far"].copy(), np.zeros_like(costs)
        if fragment.is_fresh:
            so_far[:] = 0
        for now, cost, end in zip(totals, costs, ends, strict=True):
            so_far += cost
            np.copyto(now, so_far, where=end)
            so_far[end] = 0
        agents = (*costs.shape[:2], fragment.acting.shape[2])
        total, number = (
            contributors.rows(np.broadcast_to(part, agents)).sum(axis=-1, dtype=np.float64)
            for part in (totals, ends)
        )
        known = np.divide(total, number, out=memory["known"].copy(), where=number > 0)
        above = np.nan_to_num(known - self.limit)[..., None]
        update = (-self._unit * above).astype(np.float32)
        return Said(update, {"so_far": so_far, "known": known})

    def move(self, own: Parameters, aggregate: Floats, round_number: int) -> Parameters:
        """Raise the multiplier."""
        del round_number
        above = aggregate.astype(np.float64) / -self._unit
        return np.maximum(own + self.rate * above, 0).astype(np.float32)

    @property
    def _unit(self) -> float:
        return self.scale / max(self.limit, 1.0)


def told_costs(fragment: Fragment, whose: Whose) -> Floats:
    """Return what each row costs, by all names together: (T, E, n), or (T, E, 1) of the team."""
    assert fragment.costs is not None, "refused without costs"
    costs = np.where(fragment.acting, fragment.costs.sum(axis=-1), 0)
    return costs if whose == "agent" else costs.sum(axis=2, keepdims=True)


def episodes_of(fragment: Fragment, whose: Whose) -> tuple[NDArray[np.float64], Mask]:
    """Return costs, and where an episode ends, of agents (T, E, n) or of the team (T, E, 1)."""
    costs = told_costs(fragment, whose).astype(np.float64)
    ends = fragment.terminated | fragment.truncated
    if whose == "team":  # until its last agent's end
        goes_on = np.logical_or.reduce(fragment.acting & ~ends, axis=2, keepdims=True)
        ends = np.logical_or.reduce(ends, axis=2, keepdims=True) & ~goes_on
    return costs, ends
