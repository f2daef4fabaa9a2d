"""Counting what one threat does, while it does it."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rallypoint.batch_env import Mask, Snapshot
from rallypoint.safety.known import Rows
from rallypoint.safety.receipts import VIOLATIONS, Receipt
from rallypoint.safety.threats import Threat

_NEVER = -1
_COUNTS = (
    "episodes", "occasions", "opportunities", "steps", "first", "last", "most_steps", "most_agents",
    "repeats",
)  # fmt: skip


class Tally:
    """What one threat did so far, and what it has spent in the episodes under way."""

    def __init__(self, num_copies: int, num_agents: int) -> None:
        self.spent = np.zeros((num_copies, num_agents), dtype=np.int64)  # this episode
        self._applications = np.zeros(num_agents, dtype=np.int64)
        self._counts = dict.fromkeys((*_COUNTS, *VIOLATIONS), 0)
        self._counts["first"] = self._counts["last"] = _NEVER
        self._seeds: Counter[int] = Counter()  # how often each one started the draws

    def begin(self, rows: Mask, seed: int | None) -> None:
        """Close the books on the masked copies' episodes and open new ones.

        A seed starts all coins anew: the second time they fall as they did the first time.
        """
        self._settle()
        if seed is not None:
            self._seeds[seed] += 1
            self._counts["repeats"] = max(self._counts["repeats"], self._seeds[seed])
        self._counts["episodes"] += int(rows.sum())
        self.spent[rows] = 0

    def meet(self, occasions: Mask) -> None:
        """Count occasions: the schedule's coins are not tossed yet, nor is the budget asked."""
        self._counts["occasions"] += int(np.count_nonzero(occasions))

    def offer(self, opportunities: Mask) -> None:
        """Count opportunities."""
        self._counts["opportunities"] += int(np.count_nonzero(opportunities))

    def charge(self, rows: Rows, columns: slice, where: Mask) -> None:
        """Charge agent-steps."""
        first = columns.start
        if isinstance(rows, slice):
            self.spent[:, columns] += where
        else:
            self.spent[rows, columns] += where
        self._applications[first : columns.stop] += np.add.reduce(where, axis=0)

    def pass_step(self, time: NDArray[np.int64], touched: Mask) -> None:
        """Note at which steps (e,) somebody was touched."""
        steps = time[touched]
        first = self._counts["first"]
        self._counts["steps"] += len(steps)
        self._counts["first"] = min(
            int(np.minimum.reduce(steps)), first if first != _NEVER else 1 << 62
        )
        self._counts["last"] = max(int(np.maximum.reduce(steps)), self._counts["last"])

    def violate(self, kind: str, count: int) -> None:
        """Count attempts outside a limit."""
        self._counts[kind] += count

    def receipt(self, threat: Threat, index: int, agents: Sequence[str]) -> Receipt:
        """Write down everything so far."""
        self._settle()
        applications = zip(agents, self._applications.tolist(), strict=True)
        counts = self._counts
        first, last = counts["first"], counts["last"]
        return Receipt(
            kind=threat.kind,
            index=index,
            site=threat.site,
            agents=tuple(agents),
            episodes=counts["episodes"],
            occasions=counts["occasions"],
            opportunities=counts["opportunities"],
            applications={agent: count for agent, count in applications if count},
            steps=counts["steps"],
            first_step=None if first == _NEVER else first,
            last_step=None if last == _NEVER else last,
            most_steps=counts["most_steps"],
            most_agents=counts["most_agents"],
            repeats=max(1, counts["repeats"]),
            violations={kind: counts[kind] for kind in VIOLATIONS},
        )

    def snapshot(self) -> Snapshot:
        """Return all counts."""
        return {
            "spent": self.spent.copy(),
            "applications": self._applications.copy(),
            "counts": np.array(list(self._counts.values()), dtype=np.int64),
        }

    def restore(self, snapshot: Snapshot) -> None:
        """Go on counting from a snapshot."""
        self.spent = snapshot["spent"].copy()
        self._applications = snapshot["applications"].copy()
        self._counts = dict(zip(self._counts, snapshot["counts"].tolist(), strict=True))

    def _settle(self) -> None:
        counts = self._counts
        counts["most_steps"] = max(counts["most_steps"], int(self.spent.max(initial=0)))
        agents = np.count_nonzero(self.spent, axis=1)  # (E,)
        counts["most_agents"] = max(counts["most_agents"], int(agents.max(initial=0)))
