"""Asking contributors one by one, each at parameters and for a fragment of its own."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rallypoint.agents.rounds.blocks import Blocks
from rallypoint.agents.rounds.work import Found, Task, Workshop
from rallypoint.batch_env import Snapshot
from rallypoint.errors import NotReset
from rallypoint.safety.receipts import Receipt

# What is counted: `ordered` are those of whom is known what became of them, `arrived` or `missing`.
COUNTS = ("ordered", "again", "useless", "gone", "failed", "arrived", "missing")
_COUNTED = "counted"


class Heard(NamedTuple):
    """What came of what a contributor was asked."""

    contributor: int
    found: Found | None  # None: it will not come
    is_gone: bool = False  # whoever computed it is; else it raised, or answered what is no update
    reason: str = ""


class Asking(Blocks):
    """Asks contributors one by one: each is a block, and has at most one task at a time.

    For protocols in which nobody waits for all, or in which everybody has parameters of its own.
    """

    def __init__(self, count: int) -> None:
        """Ask so many."""
        super().__init__([[contributor] for contributor in range(count)])
        self._counts = dict.fromkeys(COUNTS, 0)

    @abstractmethod
    def ask(self, contributor: int, task: Task) -> None:
        """Let a contributor begin; an answer to what it was asked before is of no use any more."""

    @abstractmethod
    def answer(self, contributor: int) -> Heard:
        """Wait for what one contributor was asked last.

        Raises:
            RallypointError: nothing can happen any more.
        """

    @abstractmethod
    def first(self) -> Heard:
        """Wait for whoever comes first.

        Raises:
            RallypointError: nothing can happen any more.
        """

    @property
    def tally(self) -> dict[str, int]:
        """What has been counted; of what is under way, nothing."""
        return dict(self._counts)

    def snapshot(self) -> Snapshot:
        """Return what contributors need to go on; what is under way is no part of it."""
        return super().snapshot() | {_COUNTED: np.array(list(self._counts.values()))}

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot; what was under way has to be asked anew."""
        super().restore(snapshot)
        self._counts = dict(zip(COUNTS, snapshot[_COUNTED].tolist(), strict=True))

    def _count(self, **more: int) -> None:
        for name, by in more.items():
            self._counts[name] += by


class AskedHere(Asking):
    """Computes in this process, when the answer is wanted; an error in one is everybody's."""

    def __init__(self, workshops: Sequence[Workshop]) -> None:
        """Compute in these workshops, one for each contributor."""
        super().__init__(len(workshops))
        self.workshops = tuple(workshops)
        self._tasks: dict[int, Task] = {}  # in the order in which they were given

    def ask(self, contributor: int, task: Task) -> None:
        """Take note."""
        self._tasks[contributor] = task

    def answer(self, contributor: int) -> Heard:
        """Compute.

        Raises:
            NotReset: it was asked nothing.
        """
        if contributor not in self._tasks:
            raise NotReset(f"contributor {contributor} has been asked nothing; ask first")
        found = self.workshops[contributor].compute(self._tasks.pop(contributor))
        self._count(ordered=1, arrived=1)
        return Heard(contributor, found)

    def first(self) -> Heard:
        """Compute what was asked first.

        Raises:
            NotReset: nobody was asked anything.
        """
        if not self._tasks:
            raise NotReset("nobody has been asked anything; ask first")
        return self.answer(next(iter(self._tasks)))

    def ends(self) -> list[Snapshot]:
        """Return where each contributor's last fragment has ended."""
        return [workshop.snapshot() for workshop in self.workshops]

    def begin_at(self, ends: Sequence[Snapshot]) -> None:
        """Let each contributor's next fragment start there."""
        self._tasks.clear()
        for workshop, end in zip(self.workshops, ends, strict=True):
            workshop.restore(end)

    def receipts(self) -> list[tuple[Receipt, ...]]:
        """Return what threats to the worlds did, contributor by contributor."""
        return [workshop.receipts() for workshop in self.workshops]
