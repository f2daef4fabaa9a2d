"""Counting what one threat does, while it does it."""

from collections.abc import Sequence
from operator import is_
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.batch_env import Mask, Snapshot
from rallypoint.safety.cells import Places
from rallypoint.safety.known import Rows
from rallypoint.safety.receipts import VIOLATIONS, Receipt
from rallypoint.safety.threats import Threat

_NEVER = -1
_TOLD = 4096  # seeds that a snapshot tells of, the last ones: some learners begin with one a round
_COUNTS = (
    "episodes", "occasions", "opportunities", "steps", "first", "last", "most_steps", "most_agents",
    "repeats",
)  # fmt: skip


class Deed(NamedTuple):
    """What a threat does at one moment in some copies, to be counted as often as it does it."""

    rows: Rows
    occasions: int  # the schedule's coins are not tossed yet, nor is the budget asked
    opportunities: int
    charged: Sequence[Places]  # whom it touches, in (E, N), unless they are charged already
    copies: Mask  # (e,) in which somebody is touched
    number: int  # of these copies
    masks: Sequence[Mask] = ()  # whom it touches, of each group: (e, n); to know it again by

    def touches(self, rows: Rows, masks: Sequence[Mask]) -> bool:
        """Say whether these are the ones whom it touches, the very same masks."""
        alike = self.rows is rows and len(self.masks) == len(masks)
        return alike and all(map(is_, self.masks, masks))


class Tally:
    """What one threat did so far, and what it has spent in the episodes under way."""

    def __init__(self, num_copies: int, num_agents: int) -> None:
        self._spent = np.zeros((num_copies, num_agents), dtype=np.int64)  # this episode
        self._closed = np.zeros(num_agents, dtype=np.int64)  # spent in the episodes before
        self._deed: Deed | None = None  # done some times that are not in the books yet
        self._times = 0
        self._counts = dict.fromkeys((*_COUNTS, *VIOLATIONS), 0)
        self._counts["first"] = self._counts["last"] = _NEVER
        self._seeds: dict[int, int] = {}  # how often each one started the draws

    @property
    def spent(self) -> NDArray[np.int64]:
        """Agent-steps charged in the episodes under way: (E, N)."""
        self._enter()
        return self._spent

    def begin(self, rows: Mask, seed: int | None) -> None:
        """Close the books on the masked copies' episodes and open new ones.

        A seed starts all coins anew: the second time they fall as they did the first time.
        """
        by_agent = self._settled()
        if seed is not None:
            self._seeds[seed] = self._seeds.pop(seed, 0) + 1  # the last one begun stands last
            self._counts["repeats"] = max(self._counts["repeats"], self._seeds[seed])
        begun = int(np.count_nonzero(rows))
        is_whole = begun == len(rows)
        self._counts["episodes"] += begun
        self._closed += np.add.reduce(by_agent if is_whole else by_agent[:, rows], axis=1)
        self._spent[... if is_whole else rows] = 0

    def charge(self, rows: Rows, columns: slice, where: Mask) -> None:
        """Charge agent-steps at once, where the next group lacks what is spent in this one."""
        if isinstance(rows, slice):
            self.spent[:, columns] += where
        else:
            self.spent[rows, columns] += where

    def count(self, deed: Deed, first: int, last: int) -> None:
        """Count a deed at some steps; the same one again costs next to nothing.

        It is kept, with its masks.
        """
        if deed is not self._deed:
            self._enter()
            self._deed = deed
        self._times += 1
        if deed.number:
            counts = self._counts
            counts["first"] = first if counts["first"] == _NEVER else min(first, counts["first"])
            counts["last"] = max(last, counts["last"])

    @property
    def violations(self) -> int:
        """Attempts outside a limit so far, of every kind."""
        return sum(self._counts[kind] for kind in VIOLATIONS)

    def violate(self, kind: str, count: int) -> None:
        """Count attempts outside a limit."""
        self._counts[kind] += count

    def count_strays(self, strays: Mask, reasons: Sequence[tuple[str, Mask]]) -> None:
        """Count attempts (e, n) that were dropped, each by the first limit it breaks."""
        for kind, limit in reasons:
            self.violate(kind, int(np.count_nonzero(strays & ~limit)))
            strays = strays & limit
        self.violate("budget", int(np.count_nonzero(strays)))

    def receipt(self, threat: Threat, index: int, agents: Sequence[str]) -> Receipt:
        """Write down everything so far."""
        self._settled()
        applications = zip(agents, self._applications().tolist(), strict=True)
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
            chance=threat.chance,
            repeats=max(1, counts["repeats"]),
            violations={kind: counts[kind] for kind in VIOLATIONS},
        )

    def snapshot(self) -> Snapshot:
        """Return all counts."""
        return {
            "spent": self.spent.copy(),  # first: it enters what was repeated
            "applications": self._applications(),
            "counts": np.array(list(self._counts.values()), dtype=np.int64),
            "seeds": np.array([*self._seeds.items()][-_TOLD:], dtype=np.uint64).reshape(-1, 2),
        }

    def restore(self, snapshot: Snapshot) -> None:
        """Go on counting from a snapshot."""
        self._deed, self._times = None, 0
        self._spent = snapshot["spent"].copy()
        self._closed = snapshot["applications"] - self._spent.sum(axis=0)
        self._counts = dict(zip(self._counts, snapshot["counts"].tolist(), strict=True))
        # Not those of what is undone, wherever that was done.
        self._seeds = dict(snapshot["seeds"].tolist())

    def _applications(self) -> NDArray[np.int64]:
        """Return agent-steps charged so far: (N,)."""
        charged: NDArray[np.int64] = self._closed + self.spent.sum(axis=0)
        return charged

    def _enter(self) -> None:
        """Enter into the books what was repeated."""
        deed, times = self._deed, self._times
        if deed is None:
            return
        self._deed, self._times = None, 0
        self._counts["occasions"] += times * deed.occasions
        self._counts["opportunities"] += times * deed.opportunities
        self._counts["steps"] += times * deed.number
        for places in deed.charged:
            self._spent.reshape(-1)[places] += times

    def _settled(self) -> NDArray[np.int64]:
        """Enter into the books the most that was spent; return what was: (N, E)."""
        counts = self._counts
        # Along the long axis sums take a tenth of the time.
        spent = np.ascontiguousarray(self.spent.T)  # (N, E)
        counts["most_steps"] = max(counts["most_steps"], int(spent.max(initial=0)))
        agents = np.add.reduce(spent > 0, axis=0, dtype=np.int32)  # (E,)
        counts["most_agents"] = max(counts["most_agents"], int(agents.max(initial=0)))
        return spent
