"""Asking contributors one by one on a Ray cluster."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rallypoint.agents.rounds.asking import Asking, Heard
from rallypoint.agents.rounds.cluster.crew import Member, Ref
from rallypoint.agents.rounds.cluster.jobs import Jobs, Reply
from rallypoint.agents.rounds.cluster.stands import Stand, Stands
from rallypoint.agents.rounds.cluster.wanted import Came, Wanted
from rallypoint.agents.rounds.host import Job, Recipe
from rallypoint.agents.rounds.judging import fault_of
from rallypoint.agents.rounds.placement import Placement
from rallypoint.agents.rounds.work import Found, Task
from rallypoint.batch_env import Snapshot
from rallypoint.errors import NotReset
from rallypoint.safety.receipts import Receipt

_LOOK = 1.0  # seconds, after which the clock is looked at


class AskedThere(Asking):
    """Has contributors computed by actors, wherever one is idle.

    What is asked is a function of the task and of where the fragment starts. So it can be computed
    again elsewhere, where an actor is gone, late or answers no update; or it is told that it is
    lost, for protocols that would rather ask for something newer.
    """

    def __init__(
        self,
        recipe: Recipe,
        count: int,
        placement: Placement,
        *,
        tells_losses: bool = False,
        failures: int = 3,
        logs: Path | None = None,
        run: str = "rallypoint",
    ) -> None:
        """Connect, and start the actors.

        Args:
            recipe: of the workshops.
            count: of contributors.
            placement: where, how many, and with what; who is not there ``patience`` seconds after
                an actor got its task is asked elsewhere as well, and after ``deadline`` missing.
            tells_losses: whether what is lost is told of at once, instead of computed again.
            failures: answers that are no update, after which it is missing.
            logs: a folder for a log of every actor.
            run: what the run is called in Ray's metrics.

        Raises:
            CannotGoOn: there is no such cluster, it has too little, or no actor starts.
        """
        super().__init__(count)
        self._jobs: Jobs[Wanted] = Jobs(placement.among(count), logs=logs, run=run)
        self._placement = placement
        self._failures = 1 if tells_losses else failures
        self._again_where_gone = not tells_losses
        self._stands = Stands(recipe, self)
        self._wanted: dict[int, Wanted] = {}
        self._queue: list[Wanted] = []  # what no actor has yet
        self._urgent: int | None = None  # whose answer is waited for
        self._came: dict[int, Came] = {}  # in the order in which they did
        self._puts: list[tuple[bytes, Ref]] = []  # parameters in the object store
        self._alive: set[int] = set()  # whose update came, since that was told last
        self._late: set[int] = set()
        self._suspected: set[int] = set()
        self._crew = self._jobs.start(recipe, self._jobs.actors(count))

    def ask(self, contributor: int, task: Task) -> None:
        """Let a contributor begin, as soon as an actor is idle."""
        self._forget(contributor)
        patience = self._placement.patience or np.inf
        wanted = Wanted(contributor, task, self._put(task), patience)
        self._wanted[contributor] = wanted
        self._queue.append(wanted)
        self._dispatch()

    def answer(self, contributor: int) -> Heard:
        """Wait for what one contributor was asked last.

        Raises:
            CannotGoOn: no actor is left, and none starts.
            NotReset: it was asked nothing.
        """
        if contributor not in self._came and contributor not in self._wanted:
            raise NotReset(f"contributor {contributor} has been asked nothing; ask first")
        self._urgent = contributor
        while contributor not in self._came:
            self._go_on()
        self._urgent = None
        return self._taken(contributor)

    def first(self) -> Heard:
        """Wait for whoever comes first.

        Raises:
            CannotGoOn: no actor is left, and none starts.
            NotReset: nobody was asked anything.
        """
        if not (self._came or self._wanted):
            raise NotReset("nobody has been asked anything; ask first")
        while not self._came:
            self._go_on()
        return self._taken(next(iter(self._came)))

    def ends(self) -> list[Snapshot]:
        """Return where each contributor's last fragment has ended, of those that were taken."""
        return self._stands.ends()

    def begin_at(self, ends: Sequence[Snapshot]) -> None:
        """Let each contributor's next fragment start there."""
        for contributor in range(self.count):
            self._forget(contributor)
        self._stands.begin_at(ends)
        for member in self._crew.members:
            member.played.clear()

    def receipts(self) -> list[tuple[Receipt, ...]]:
        """Return what threats to the worlds did, contributor by contributor."""
        return self._stands.receipts()

    def told(self) -> dict[str, Any]:
        """Return what is to be watched since that was told last, and tell Ray's metrics."""
        told = self._jobs.told(alive=len(self._alive), late=self._late, suspected=self._suspected)
        for kept in (self._alive, self._late, self._suspected):
            kept.clear()
        return told

    def close(self) -> None:
        """Stop the actors, and a Ray that was started here."""
        self._jobs.close()

    def _put(self, task: Task) -> Ref:
        """Return where parameters are in the object store: once, whoever is asked at them."""
        bits = task.parameters.tobytes()
        in_use = {id(wanted.parameters) for wanted in self._wanted.values()}
        self._puts = [each for each in self._puts if id(each[1]) in in_use]
        for there, ref in self._puts:
            if there == bits:
                return ref
        ref = self._jobs.put(task.parameters)
        self._puts.append((bits, ref))
        return ref

    def _forget(self, contributor: int) -> None:
        """Let what a contributor was asked be of no use any more."""
        wanted = self._wanted.pop(contributor, None)
        if wanted is not None or self._came.pop(contributor, None) is not None:
            # Somebody may have played on from here to where nobody will go on from.
            for member in self._crew.members:
                member.played.pop(contributor, None)
        if wanted in self._queue:
            self._queue.remove(wanted)

    def _taken(self, contributor: int) -> Heard:
        came = self._came.pop(contributor)
        heard, stand = came.heard, came.stand
        if stand is not None:
            self._stands[contributor] = stand
            self._alive.add(contributor)
        self._count(ordered=1, **{"missing" if stand is None else "arrived": 1})
        return heard

    def _go_on(self) -> None:
        """Wait for one thing to happen, and see what follows."""
        self._look_at_the_clock()
        self._dispatch()
        reply, alone = self._jobs.wait(_LOOK)
        if alone:  # nobody could have been there
            for wanted in self._wanted.values():
                wanted.postpone(alone)
        if reply is not None:
            self._hear(reply)
        self._dispatch()

    def _look_at_the_clock(self) -> None:
        now, deadline = time.monotonic(), self._placement.deadline
        for wanted in list(self._wanted.values()):
            if wanted.is_overdue(now, deadline):
                self._late.add(wanted.contributor)
                self._lose(wanted, f"not there after {deadline:g} seconds")
            elif wanted not in self._queue and wanted.is_late(now):
                self._late.add(wanted.contributor)
                self._ask_again(wanted)

    def _ask_again(self, wanted: Wanted) -> None:
        self._count(again=1)
        self._queue.insert(0, wanted)

    def _dispatch(self) -> None:
        """Give every idle actor something to do, if anything waits."""
        for member in self._jobs.idle():
            waiting = [wanted for wanted in self._queue if self._may(member, wanted)]
            if waiting:
                # Who is waited for, whose world it has, whose home it is; else who waits longest.
                wanted = max(waiting, key=lambda wanted: self._suits(member, wanted.contributor))
                self._queue.remove(wanted)
                self._send(member, wanted)

    def _may(self, member: Member, wanted: Wanted) -> bool:
        """Say whether an actor is to be asked: again only if all others have been."""
        return member not in wanted.tried or all(m in wanted.tried for m in self._crew.ready)

    def _suits(self, member: Member, contributor: int) -> int:
        if contributor == self._urgent:
            return 3
        if member.played.get(contributor) == self._stands[contributor].round_number:
            return 2
        return self._crew.members[contributor % len(self._crew.members)] is member

    def _send(self, member: Member, wanted: Wanted) -> None:
        contributor, stand = wanted.contributor, self._stands[wanted.contributor]
        has = member.played.pop(contributor, None) == stand.round_number
        is_new = member not in wanted.tried
        wanted.send(member, time.monotonic())
        number = wanted.task.round_number
        self._jobs.send(
            member,
            wanted,
            Job(contributor, (contributor,), number, 0, stand.round_number),
            wanted.parameters,
            start=None if has and is_new else stand.snapshot,
        )

    def _hear(self, reply: Reply[Wanted]) -> None:
        """Make of an answer, or of its absence, what is to be told."""
        member, wanted = reply.member, reply.about
        is_wanted = self._wanted.get(wanted.contributor) is wanted
        fault = reply.fault
        if fault is None:
            self._jobs.hear(member, reply.answer.log)
            fault = fault_of(reply.answer, 1, wanted.task.parameters.shape[1], parts=1)
        if fault is not None:
            whose = f"fragment {wanted.task.round_number} of {wanted.contributor}"
            self._jobs.say(member, f"{whose}: {fault}")
            self._count(**{"gone" if reply.is_gone else "failed": 1})
            if is_wanted:
                self._fail(wanted, fault, is_gone=reply.is_gone)
        elif not is_wanted:
            self._count(useless=1)
        else:
            self._arrive(member, wanted, reply.answer)

    def _fail(self, wanted: Wanted, fault: str, *, is_gone: bool) -> None:
        """Have lost work done again, or tell that it is lost."""
        if not is_gone:
            self._suspected.add(wanted.contributor)
            wanted.failures += 1
        elsewhere = wanted in self._queue or self._is_at_work(wanted)
        if wanted.failures >= self._failures or (is_gone and not self._again_where_gone):
            if not elsewhere:
                self._lose(wanted, fault, is_gone=is_gone)
        elif not elsewhere:
            self._ask_again(wanted)

    def _is_at_work(self, wanted: Wanted) -> bool:
        return any(flight.about is wanted for flight in self._jobs.flights.values())

    def _arrive(self, member: Member, wanted: Wanted, answer: Any) -> None:
        found: Found = answer.found
        bits = found.updates.tobytes()
        if not np.isfinite(found.updates).all() and found.speaks.all() and wanted.doubted != bits:
            wanted.doubted = bits  # what comes out again was really found
            self._jobs.say(member, f"an update of {wanted.contributor} is not finite")
            self._suspected.add(wanted.contributor)
            self._count(failed=1)
            self._ask_again(wanted)
            return
        stand = Stand(wanted.task.round_number, answer.ends)
        member.played[wanted.contributor] = wanted.task.round_number
        self._done(wanted, Came(Heard(wanted.contributor, found), stand))

    def _lose(self, wanted: Wanted, reason: str, *, is_gone: bool = False) -> None:
        heard = Heard(wanted.contributor, None, is_gone, reason)
        self._done(wanted, Came(heard, None))

    def _done(self, wanted: Wanted, came: Came) -> None:
        """Want it no more; whoever is still at it is late."""
        del self._wanted[wanted.contributor]
        if wanted in self._queue:
            self._queue.remove(wanted)
        for flight in list(self._jobs.flights.values()):
            if flight.about is wanted:
                self._jobs.dismiss(flight.member, f"late with {wanted.contributor}")
        self._came[wanted.contributor] = came
