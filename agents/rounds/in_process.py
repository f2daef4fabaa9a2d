"""Rounds in this process: what is ordered is computed at once, and has arrived."""

from collections import deque
from collections.abc import Sequence

import numpy as np

from rallypoint.agents.rounds.delivery import Delivery
from rallypoint.agents.rounds.protocols import Remind, Told, Work
from rallypoint.agents.rounds.work import Task, Workshop
from rallypoint.batch_env import Snapshot
from rallypoint.errors import NotReset
from rallypoint.safety.receipts import Receipt


class InProcess(Delivery):
    """Computes block after block, here; an error in one is everybody's.

    Nobody is ever late: reminders are not needed, and not given.
    """

    def __init__(self, workshops: Sequence[Workshop], blocks: Sequence[Sequence[int]]) -> None:
        """Compute in these workshops, one for each block."""
        super().__init__(blocks)
        self.workshops = tuple(workshops)
        self._tasks: dict[int, Task] = {}
        self._told: deque[Told] = deque()

    def announce(self, version: int, task: Task) -> None:
        """Take note of what work at a version is."""
        if task.piece == 0:
            self._found = {}
        self._tasks = {version: task}

    def order(self, work: Work) -> None:
        """Compute."""
        task = self._tasks[work.version]
        for index in np.flatnonzero(np.bincount(self.block_of[work.contributors])).tolist():
            found = self.workshops[index].compute(task)
            self._told.append(self._arrived(index, work, found))

    def remind(self, reminder: Remind) -> None:
        """Do nothing: there is nobody to wait for."""
        del reminder

    def next(self) -> Told:
        """Return what has arrived.

        Raises:
            NotReset: nothing was ordered.
        """
        if not self._told:
            raise NotReset("nothing is under way: a protocol waits for what it has not ordered")
        return self._told.popleft()

    def ends(self) -> list[Snapshot]:
        """Return where each block's last fragment has ended."""
        return [workshop.snapshot() for workshop in self.workshops]

    def begin_at(self, ends: Sequence[Snapshot]) -> None:
        """Let each block's next fragment start there."""
        for workshop, end in zip(self.workshops, ends, strict=True):
            workshop.restore(end)

    def receipts(self) -> list[tuple[Receipt, ...]]:
        """Return what threats to the worlds did, block by block."""
        return [workshop.receipts() for workshop in self.workshops]
