"""Somebody who looks at updates before and after a threat, and knows nothing of it."""

import numpy as np
from numpy.typing import NDArray

from rallypoint.batch_env import Mask, Snapshot
from rallypoint.safety.limits import Schedule
from rallypoint.safety.receipts import Seen
from rallypoint.safety.threats.update import Updates
from rallypoint.safety.updates.directions import lengths_of

_NEVER = -1


def changed_rows(before: Updates, after: Updates) -> Mask:
    """Return which rows (n, d) are others now: (n,)."""
    are_both_nan = np.isnan(before) & np.isnan(after)
    changed: Mask = ((before != after) & ~are_both_nan).any(axis=1)
    return changed


class Witness:
    """Counts in how many rounds the row of each contributor came out another, and how long."""

    def __init__(self, contributors: tuple[str, ...], when: Schedule) -> None:
        """Have seen nothing yet; what is declared of rounds is all that is known of the threat."""
        self._contributors = contributors
        self._when = when
        self._undue = 0
        self._rounds = np.zeros(len(contributors), dtype=np.int64)
        self._extremes = np.array([_NEVER, _NEVER, 0.0])  # first and last round, largest norm

    def look(
        self, before: Updates, after: Updates, members: NDArray[np.int64], round_number: int
    ) -> None:
        """Compare the rows (n, d) of a round; members (n,) says whose they are."""
        if np.may_share_memory(before, after):
            return  # nothing was put in its place
        differs = changed_rows(before, after)
        if not differs.any():
            return
        self._rounds[members[differs]] += 1
        if not self._when.due(np.array([round_number])).all():
            self._undue += int(np.count_nonzero(differs))
        first, _, largest = self._extremes
        norms = lengths_of(after[differs])
        norm = norms[np.isfinite(norms)].max(initial=largest)
        self._extremes = np.array(
            [round_number if first == _NEVER else min(first, round_number), round_number, norm]
        )

    def told(self) -> Seen:
        """Return what it has seen."""
        first, last, norm = self._extremes.tolist()
        counts = zip(self._contributors, self._rounds.tolist(), strict=True)
        return Seen(
            rounds={name: count for name, count in counts if count},
            first=None if first == _NEVER else int(first),
            last=None if last == _NEVER else int(last),
            undue=self._undue,
            largest_norm=norm,
        )

    def snapshot(self) -> Snapshot:
        """Return everything it goes on from."""
        kept = {"rounds": self._rounds.copy(), "extremes": self._extremes.copy()}
        return kept | {"undue": np.array(self._undue)}

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot."""
        self._rounds = snapshot["rounds"].copy()
        self._extremes = snapshot["extremes"].copy()
        self._undue = int(snapshot["undue"])
