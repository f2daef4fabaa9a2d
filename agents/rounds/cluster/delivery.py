"""The delivery of rounds to actors on a Ray cluster."""

import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rallypoint.agents.rounds.cluster.crew import Member
from rallypoint.agents.rounds.cluster.jobs import Jobs, Reply
from rallypoint.agents.rounds.cluster.stands import Stand, Stands
from rallypoint.agents.rounds.delivery import Delivery
from rallypoint.agents.rounds.host import Job, Recipe
from rallypoint.agents.rounds.judging import Doubts, fault_of
from rallypoint.agents.rounds.placement import Placement
from rallypoint.agents.rounds.protocols import Arrived, Lost, Remind, Told, Work
from rallypoint.agents.rounds.reminders import Reminders
from rallypoint.agents.rounds.work import Task
from rallypoint.batch_env import Snapshot
from rallypoint.errors import NotReset
from rallypoint.safety.receipts import Receipt


class _Job(NamedTuple):
    """What an actor is at."""

    block: int
    work: Work


class Cluster(Delivery):
    """Has blocks computed by actors; what is lost is told, and can be ordered again.

    Parameters go through Ray's object store, once for each version, whoever reads them, unless they
    are small. Where every fragment ended comes back with its updates: an actor is never the only
    place of anything.
    """

    def __init__(
        self,
        recipe: Recipe,
        count: int,
        placement: Placement,
        *,
        blocks: Sequence[Sequence[int]] | None = None,
        parts: int = 1,
        logs: Path | None = None,
        run: str = "rallypoint",
    ) -> None:
        """Connect, and start the actors.

        Args:
            recipe: of the workshops.
            count: of contributors.
            placement: where, how many, and with what.
            blocks: of contributors; as the placement deals them out, if not given.
            parts: of the model, one for each actor that is learned.
            logs: a folder for a log of every actor.
            run: what the run is called in Ray's metrics.

        Raises:
            CannotGoOn: there is no such cluster, it has too little, or no actor starts.
        """
        self._jobs: Jobs[_Job] = Jobs(placement.among(count), logs=logs, run=run)
        actors = self._jobs.actors(count)
        super().__init__(blocks or placement.deal(count, actors))
        self._parts = parts
        self._stands = Stands(recipe, self)  # as the round began
        self._ends: dict[int, Stand] = {}  # of this round's fragments, by block
        self._queue: dict[int, Work] = {}  # what no actor has yet, by block
        self._tried: dict[int, set[Member]] = {}  # who was asked in this version, by block
        self._reminders = Reminders()
        self._told: deque[Told] = deque()
        self._doubts = Doubts()
        self._asked_again: set[int] = set()
        self._suspected: set[int] = set()
        self._version = -1
        self._crew = self._jobs.start(recipe, min(actors, len(self.blocks)))

    def announce(self, version: int, task: Task) -> None:
        """Take note of what work at a version is; who is still at the last one is replaced."""
        for flight in list(self._jobs.flights.values()):
            self._jobs.dismiss(flight.member, f"late in version {self._version}")
        for kept in (self._queue, self._reminders, self._doubts, self._told, self._tried):
            kept.clear()
        self._version, self._task = version, task
        self._parameters = self._jobs.put(task.parameters)
        if task.piece == 0:
            self._opening = self._parameters
            self._settle()
            self._found = {}
            self._asked_again, self._suspected = set(), set()

    def order(self, work: Work) -> None:
        """Have work done."""
        if work.is_again:
            self._asked_again.update(work.contributors.tolist())
        for block in np.unique(self.block_of[work.contributors]).tolist():
            whom = work.contributors[self.block_of[work.contributors] == block]
            self._queue[block] = work._replace(contributors=whom)
        self._dispatch()

    def remind(self, reminder: Remind) -> None:
        """Tell when the time has come."""
        self._reminders.add(reminder, time.monotonic())

    def next(self) -> Told:
        """Wait for what happens next.

        Raises:
            CannotGoOn: no actor is left, and none starts.
            NotReset: nothing was ordered.
        """
        while not self._told:
            now = time.monotonic()
            if due := self._reminders.take(now):
                return due
            if not self._jobs.flights and not self._queue:
                raise NotReset("nothing is under way: a protocol waits for what it never asked")
            reply, alone = self._jobs.wait(self._reminders.seconds(now, 1.0))
            self._reminders.postpone(alone)
            if reply is not None:
                self._answered(reply)
            self._dispatch()
        return self._told.popleft()

    def ends(self) -> list[Snapshot]:
        """Return where each block's last fragment has ended."""
        self._settle()
        return self._stands.ends()

    def begin_at(self, ends: Sequence[Snapshot]) -> None:
        """Let each block's next fragment start there."""
        self._ends = {}
        self._stands.begin_at(ends)
        for member in self._crew.members:
            member.played.clear()

    def receipts(self) -> list[tuple[Receipt, ...]]:
        """Return what threats to the worlds did, block by block."""
        self._settle()
        return self._stands.receipts()

    def told(self) -> dict[str, Any]:
        """Return what is to be watched of the last round, and tell Ray's metrics."""
        played = sum(len(self.blocks[block]) for block in self._found)
        return self._jobs.told(alive=played, late=self._asked_again, suspected=self._suspected)

    def close(self) -> None:
        """Stop the actors, and a Ray that was started here."""
        self._jobs.close()

    def _settle(self) -> None:
        """Let this round's ends be where the next one starts."""
        for block, stand in self._ends.items():
            self._stands[block] = stand
        self._ends = {}

    def _dispatch(self) -> None:
        """Give work to whoever is idle: a block first to its home, and again to anybody."""
        idle = self._jobs.idle()
        # Those whom nobody has tried come first: the others may hang again.
        for block in sorted(self._queue, key=lambda block: (len(self._asked(block)), block)):
            work = self._queue[block]
            member = self._crew.chosen(block, idle, self._asked(block), anybody=work.is_again)
            if member is not None:
                del self._queue[block]
                idle.remove(member)
                self._send(member, block, work)

    def _asked(self, block: int) -> set[Member]:
        return self._tried.setdefault(block, set())

    def _send(self, member: Member, block: int, work: Work) -> None:
        stand, task = self._stands[block], self._task
        has = None if member in self._asked(block) else member.played.pop(block, None)
        self._asked(block).add(member)
        whom = tuple(self.blocks[block].tolist())
        self._jobs.send(
            member,
            _Job(block, work),
            Job(block, whom, task.round_number, task.piece, stand.round_number),
            self._parameters,
            opening=None if has == task.round_number else self._opening,
            start=None if has in (task.round_number, stand.round_number) else stand.snapshot,
        )

    def _answered(self, reply: Reply[_Job]) -> None:
        """Make of an answer, or of its absence, what is to be told."""
        member, (block, work) = reply.member, reply.about
        if reply.fault is not None:
            self._lose(work, member, is_gone=reply.is_gone, reason=reply.fault)
            return
        answer = reply.answer
        self._jobs.hear(member, answer.log)
        count, size = len(self.blocks[block]), self._task.parameters.shape[1]
        fault = fault_of(answer, count, size, self._parts)
        if fault is not None:
            self._lose(work, member, is_gone=False, reason=fault)
            return
        if answer.ends is not None:
            self._ends[block] = Stand(self._task.round_number, answer.ends)
        member.played[block] = self._task.round_number
        self._queue.pop(block, None)  # asked again meanwhile, and not needed any more
        arrived = self._arrived(block, work, answer.found)
        doubted = self._doubts.about(arrived)
        if doubted.any():
            whom = work._replace(contributors=arrived.contributors[doubted])
            self._lose(whom, member, is_gone=False, reason="the update is not finite")
        if not doubted.all():
            sound = ~doubted
            self._told.append(
                Arrived(
                    arrived.version,
                    arrived.contributors[sound],
                    arrived.updates[sound],
                    arrived.speaks[sound],
                )
            )

    def _lose(self, work: Work, member: Member, *, is_gone: bool, reason: str) -> None:
        self._jobs.say(member, f"version {work.version}, {work.contributors.tolist()}: {reason}")
        if not is_gone:
            self._suspected.update(work.contributors.tolist())
        self._told.append(Lost(work.version, work.contributors, is_gone, reason))
