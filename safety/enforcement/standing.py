"""Where the episodes of a frame's copies stand: how far they are, which ended, who is down."""

import numpy as np
from numpy.typing import NDArray

from rallypoint.batch_env import Mask, Snapshot
from rallypoint.safety.known import Rows, sealed

_KEPT = ("time", "ended", "crashed", "frozen")


class Standing:
    """Keeps the time of E copies, and who of N agents in each is down."""

    def __init__(self, num_copies: int, num_agents: int) -> None:
        self.nobody: Mask = sealed(np.zeros((num_copies, num_agents), dtype=bool))
        # Steps since each copy's reset; not to be written to.
        self.time = sealed(np.zeros(num_copies, dtype=np.int64))
        self.clock: int | None = 0  # the time of all copies, where it is one
        self.ended: Mask = np.zeros(num_copies, dtype=bool)
        self.crashed: Mask = self.nobody  # removed or frozen
        self.frozen: Mask = self.nobody  # of the crashed, those still in the world
        self._there: Mask = self.nobody  # who was there last, in all copies
        self._there_in_bytes = self._there.tobytes()

    def begin(self, rows: Mask) -> None:
        """Put the masked copies back to step 0, with nobody down; not yet whether they ended."""
        self.time = sealed(np.where(rows, 0, self.time))
        self.clock = _one_of(self.time)
        self.crashed = self._or_nobody(self.crashed & ~rows[:, None])
        self.frozen = self._or_nobody(self.frozen & ~rows[:, None])

    def pass_step(self) -> None:
        """Let a step pass in all copies."""
        self.time = self.time + 1
        self.time.flags.writeable = False
        self.clock = None if self.clock is None else self.clock + 1

    def present(self, rows: Rows, alive: Mask) -> Mask:
        """Return who is there of some copies (e, N): the same object while the same are."""
        if not isinstance(rows, slice):
            return (alive & ~self.crashed)[rows]
        present = alive if self.crashed is self.nobody else alive & ~self.crashed
        if (in_bytes := present.tobytes()) != self._there_in_bytes:
            self._there, self._there_in_bytes = sealed(present.copy()), in_bytes
        return self._there

    def freeze(self, rows: Rows, who: Mask) -> None:
        """Hold agents (e, N) of some copies still until their reset."""
        self.frozen = _joined(self.frozen, rows, who)
        self.crashed = sealed(self.crashed | self.frozen)

    def leave(self, rows: Rows, who: Mask) -> Mask:
        """Let agents (e, N) of some copies be gone until their reset; return who: (E, N)."""
        gone = _joined(self.nobody, rows, who)
        self.crashed = sealed(self.crashed | gone)
        return gone

    def snapshot(self) -> Snapshot:
        """Return everything to go on from."""
        return {name: getattr(self, name).copy() for name in _KEPT}

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot."""
        for name in _KEPT:
            setattr(self, name, snapshot[name].copy())
        self.time = sealed(self.time)
        self.clock = _one_of(self.time)
        self.crashed = self._or_nobody(self.crashed)
        self.frozen = self._or_nobody(self.frozen)

    def _or_nobody(self, mask: Mask) -> Mask:
        return sealed(mask) if mask.any() else self.nobody


def _joined(mask: Mask, rows: Rows, more: Mask) -> Mask:
    """Return a mask (E, N) with more (e, N) in some rows."""
    whole = mask.copy()
    whole[rows] |= more
    return whole


def _one_of(time: NDArray[np.int64]) -> int | None:
    """Return the time of all copies, if it is one."""
    return int(time[0]) if len(time) and (time == time[0]).all() else None
