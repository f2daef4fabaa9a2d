"""What runs in a process of its own and computes blocks there; a plain class."""

import logging
import os
import time
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from rallypoint.agents.rounds.protocols import Floats
from rallypoint.agents.rounds.work import Found, Task, Workshop
from rallypoint.batch_env import Snapshot

BEFORE_ALL = -1  # the round that ended before the first


class Recipe(Protocol):
    """Plain values that travel, out of which workshops are made."""

    def workshop(self, whom: Sequence[int], /) -> Workshop:
        """Return where the updates of some contributors are computed."""


class Job(NamedTuple):
    """Which task of which block a host is to do."""

    block: int
    whom: tuple[int, ...]  # the contributors in it
    round_number: int
    piece: int
    follows: int  # the round whose fragment this one's goes on from


class Answer(NamedTuple):
    """What a host answers."""

    found: Found | None  # None: it does not have where the fragment starts, and must be told
    ends: Snapshot | None  # where the fragment ended, told with its first piece
    log: tuple[str, ...]  # what it has to say for its log


class Host:
    """Computes whatever blocks it is given, and keeps their worlds until the next fragment.

    It is never the only place of anything: where every fragment ended is told with the answer.
    """

    def __init__(self, recipe: Recipe, name: str) -> None:
        """Get ready; worlds are made when they are first asked for."""
        self._recipe = recipe
        self._workshops: dict[int, Workshop] = {}
        self._played: dict[int, int] = {}  # the last round whose fragment was, by block
        self._lines: list[str] = []
        self._tell(f"{name} is process {os.getpid()} on {os.uname().nodename}")
        logging.getLogger().addHandler(_Lines(self._lines))

    def ready(self) -> tuple[int, tuple[str, ...]]:
        """Return its process, and what it has to say."""
        return os.getpid(), self._said()

    def compute(
        self,
        job: Job,
        parameters: Floats,
        opening: Floats | None,
        start: Snapshot | None,
    ) -> Answer:
        """Do a job.

        Args:
            job: which.
            parameters: at which updates are wanted.
            opening: under which the fragment is played, where it has not been.
            start: where the fragment starts, for a block that is made anew; empty for the start of
                everything. If not given, the block goes on from what is here.
        """
        began = time.perf_counter()
        stands = self._played.pop(job.block, None)  # an error leaves nothing to go on from
        if start is not None:
            workshop = self._workshops[job.block] = self._recipe.workshop(job.whom)
            if start:
                workshop.restore(start)
        elif stands not in (job.round_number, job.follows):
            return Answer(None, None, self._said())
        task = Task(
            job.round_number, job.piece, parameters if opening is None else opening, parameters
        )
        found = self._workshops[job.block].compute(task)
        self._played[job.block] = job.round_number
        took = time.perf_counter() - began
        if job.piece:
            return Answer(found, None, self._said())
        self._tell(
            f"round {job.round_number}, block {job.block}: {took:.3f} s for its first update"
        )
        return Answer(found, self._workshops[job.block].snapshot(), self._said())

    def _tell(self, line: str) -> None:
        self._lines.append(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}")

    def _said(self) -> tuple[str, ...]:
        lines = tuple(self._lines)
        self._lines.clear()
        return lines


class _Lines(logging.Handler):
    """Keeps warnings of libraries for the log."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        self._lines.append(self.format(record))
