"""The delivery of rounds to actors on a Ray cluster."""

import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import ray
from ray.exceptions import RayError, RayTaskError

from rallypoint.agents.rounds.cluster.crew import Crew, Member, Ref
from rallypoint.agents.rounds.cluster.session import Session, first_line, put
from rallypoint.agents.rounds.cluster.watching import Logs, Watch
from rallypoint.agents.rounds.delivery import Delivery
from rallypoint.agents.rounds.host import BEFORE_ALL, Job, Recipe
from rallypoint.agents.rounds.judging import Doubts, fault_of
from rallypoint.agents.rounds.placement import Placement
from rallypoint.agents.rounds.protocols import Arrived, Lost, Remind, Told, Work
from rallypoint.agents.rounds.reminders import Reminders
from rallypoint.agents.rounds.work import Task
from rallypoint.batch_env import Snapshot
from rallypoint.errors import CannotGoOn, NotReset
from rallypoint.safety.receipts import Receipt


class _Flight(NamedTuple):
    """A job under way."""

    member: Member
    block: int
    work: Work


class _Stand(NamedTuple):
    """Where a block's fragment ended."""

    round_number: int
    snapshot: Snapshot  # empty: at the start of everything


class Cluster(Delivery):
    """Has blocks computed by actors; what is lost is told, and can be ordered again.

    Parameters go through Ray's object store, once for each version, whoever reads them. Where every
    fragment ended comes back with its updates: an actor is never the only place of anything.
    """

    def __init__(
        self,
        recipe: Recipe,
        count: int,
        placement: Placement,
        *,
        blocks: Sequence[Sequence[int]] | None = None,
        logs: Path | None = None,
        run: str = "rallypoint",
    ) -> None:
        """Connect, and start the actors.

        Args:
            recipe: of the workshops.
            count: of contributors.
            placement: where, how many, and with what.
            blocks: of contributors; as the placement deals them out, if not given.
            logs: a folder for a log of every actor.
            run: what the run is called in Ray's metrics.

        Raises:
            CannotGoOn: there is no such cluster, it has too little, or no actor starts.
        """
        self._session = Session(placement)
        actors = placement.num_actors(count, self._session.cpus)
        super().__init__(blocks or placement.deal(count, actors))
        self._recipe = recipe
        self._placement = placement
        self._logs = Logs(logs)
        self._watch = Watch(run)
        self._stands = [_Stand(BEFORE_ALL, {}) for _ in self.blocks]  # as the round began
        self._ends: dict[int, _Stand] = {}  # of this round's fragments, by block
        self._flights: dict[Ref, _Flight] = {}
        self._queue: dict[int, Work] = {}  # what no actor has yet, by block
        self._tried: dict[int, set[Member]] = {}  # who was asked in this version, by block
        self._reminders = Reminders()
        self._seconds_alone = 0.0  # since anybody was there to work
        self._told: deque[Told] = deque()
        self._doubts = Doubts()
        self._asked_again: set[int] = set()
        self._suspected: set[int] = set()
        self._version = -1
        self._began = time.monotonic()
        actors = min(actors, len(self.blocks))
        try:
            self._crew = Crew(recipe, placement, actors, self._session.environment, self._logs)
        except BaseException:
            self._session.close()
            raise

    def announce(self, version: int, task: Task) -> None:
        """Take note of what work at a version is; who is still at the last one is replaced."""
        for flight in list(self._flights.values()):
            if not flight.member.is_gone:
                self._crew.say(flight.member, f"late in version {self._version}: replaced")
                self._crew.replace(flight.member)
        self._flights.clear()
        for kept in (self._queue, self._reminders, self._doubts, self._told, self._tried):
            kept.clear()
        self._version, self._task = version, task
        self._parameters = put(task.parameters)
        if task.piece == 0:
            self._opening = self._parameters
            self._settle()
            self._lived = {}
            self._asked_again, self._suspected = set(), set()
            self._began = time.monotonic()

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
            starting = {m.started: m for m in self._crew.members if not m.is_ready}
            refs = [*self._flights, *starting]
            if not refs and not self._queue:
                raise NotReset("nothing is under way: a protocol waits for what it never asked")
            ready, _ = ray.wait(refs, num_returns=1, timeout=self._reminders.seconds(now, 1.0))
            self._pause(time.monotonic() - now)
            for ref in ready:
                if ref in starting:
                    self._crew.take(starting[ref])
                else:
                    self._answered(ref)
                self._dispatch()
        return self._told.popleft()

    def ends(self) -> list[Snapshot]:
        """Return where each block's last fragment has ended."""
        self._settle()
        return [
            stand.snapshot or self._recipe.workshop(block.tolist()).snapshot()
            for block, stand in zip(self.blocks, self._stands, strict=True)
        ]

    def begin_at(self, ends: Sequence[Snapshot]) -> None:
        """Let each block's next fragment start there."""
        self._ends = {}
        self._stands = [_Stand(BEFORE_ALL, dict(end)) for end in ends]
        for member in self._crew.members:
            member.played.clear()

    def receipts(self) -> list[tuple[Receipt, ...]]:
        """Return what threats to the worlds did, block by block."""
        workshops = [self._recipe.workshop(block.tolist()) for block in self.blocks]
        for workshop, end in zip(workshops, self.ends(), strict=True):
            workshop.restore(end)
        return [workshop.receipts() for workshop in workshops]

    def told(self) -> dict[str, Any]:
        """Return what is to be watched of the last round, and tell Ray's metrics."""
        played = sum(len(self.blocks[block]) for block in self._lived)
        seconds = time.monotonic() - self._began
        numbers = {
            "rounds_per_second": 1 / seconds,
            "alive": played,
            "late": len(self._asked_again),
            "suspected": len(self._suspected),
            "actors": len(self._crew.ready),
        }
        self._watch.tell(numbers)
        return {
            "alive": played,
            "late": sorted(self._asked_again),
            "suspected": sorted(self._suspected),
            "actors": numbers["actors"],
            "replaced": self._crew.replaced,
        }

    def close(self) -> None:
        """Stop the actors, and a Ray that was started here."""
        if ray.is_initialized():
            self._crew.close()
        self._session.close()

    def _settle(self) -> None:
        """Let this round's ends be where the next one starts."""
        for block, stand in self._ends.items():
            self._stands[block] = stand
        self._ends = {}

    def _pause(self, seconds: float) -> None:
        """Let no deadline come nearer while nobody is there to work; but not for ever."""
        if self._crew.ready:
            self._seconds_alone = 0.0
            return
        self._reminders.postpone(seconds)
        self._seconds_alone += seconds
        if self._seconds_alone > self._placement.start_seconds:
            raise CannotGoOn(
                f"no actor has been there for {self._placement.start_seconds:g} seconds; are there "
                "nodes left? Go on later with --resume"
            )

    def _dispatch(self) -> None:
        """Give work to whoever is idle: a block first to its home, and again to anybody.

        An actor has one job at a time, so that what waits behind one that hangs can go elsewhere.
        """
        busy = {flight.member for flight in self._flights.values()}
        # Those whom nobody has tried come first: the others may hang again.
        for block in sorted(self._queue, key=lambda block: (len(self._asked(block)), block)):
            work = self._queue[block]
            idle = [m for m in self._crew.ready if m not in busy]
            member = self._crew.chosen(block, idle, self._asked(block), anybody=work.is_again)
            if member is not None:
                del self._queue[block]
                busy.add(member)
                self._send(member, block, work)

    def _asked(self, block: int) -> set[Member]:
        return self._tried.setdefault(block, set())

    def _send(self, member: Member, block: int, work: Work) -> None:
        stand, task = self._stands[block], self._task
        has = None if member in self._asked(block) else member.played.pop(block, None)
        self._asked(block).add(member)
        whom = tuple(self.blocks[block].tolist())
        ref = member.handle.compute.remote(
            Job(block, whom, task.round_number, task.piece, stand.round_number),
            self._parameters,
            None if has == task.round_number else self._opening,
            None if has in (task.round_number, stand.round_number) else stand.snapshot,
        )
        self._flights[ref] = _Flight(member, block, work)

    def _answered(self, ref: Ref) -> None:
        """Make of an answer, or of its absence, what is to be told."""
        member, block, work = self._flights.pop(ref)
        try:
            answer: Any = ray.get(ref)
        except RayTaskError as error:  # it raised, and lives on
            self._lose(work, member, is_gone=False, reason=first_line(error.cause))
        except RayError as error:
            self._crew.replace(member)
            self._lose(work, member, is_gone=True, reason=first_line(error))
        except Exception as error:  # noqa: BLE001 - what it sent cannot even be read
            self._lose(work, member, is_gone=False, reason=first_line(error))
        else:
            self._take(answer, member, block, work)

    def _take(self, answer: Any, member: Member, block: int, work: Work) -> None:
        self._logs.tell(member.name, answer.log)
        fault = fault_of(answer, len(self.blocks[block]), self._task.parameters.shape[1])
        if fault is not None:
            self._lose(work, member, is_gone=False, reason=fault)
            return
        if answer.ends is not None:
            self._ends[block] = _Stand(self._task.round_number, answer.ends)
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
        self._crew.say(member, f"version {work.version}, {work.contributors.tolist()}: {reason}")
        if not is_gone:
            self._suspected.update(work.contributors.tolist())
        self._told.append(Lost(work.version, work.contributors, is_gone, reason))
