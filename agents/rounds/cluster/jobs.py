"""Jobs on the actors of a Ray cluster, one to each at a time, and what comes of them."""

import time
from collections.abc import Collection
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import ray
from ray.exceptions import RayError, RayTaskError

from rallypoint.agents.rounds.cluster.crew import Crew, Member, Ref
from rallypoint.agents.rounds.cluster.session import Session, first_line
from rallypoint.agents.rounds.cluster.watching import Logs, Watch
from rallypoint.agents.rounds.host import Job, Recipe
from rallypoint.agents.rounds.placement import Placement
from rallypoint.agents.rounds.protocols import Floats
from rallypoint.batch_env import Snapshot
from rallypoint.errors import CannotGoOn

About = TypeVar("About")
_SMALL = 96 * 1024  # bytes, that Ray hands over with a call: the object store takes twice as long


class Reply(NamedTuple, Generic[About]):
    """What came of a job."""

    member: Member
    about: About  # as it was given with the job
    answer: Any  # whatever it answered; None: nothing
    fault: str | None = None  # why not
    is_gone: bool = False  # the actor; else it raised, and lives on


class Flight(NamedTuple, Generic[About]):
    """A job under way."""

    member: Member
    about: About


class Jobs(Generic[About]):
    """Actors that work for somebody: an actor that is gone is replaced, and its job told of.

    An actor has one job at a time, so that what waits behind one that hangs can go elsewhere.
    """

    def __init__(self, placement: Placement, *, logs: Path | None, run: str) -> None:
        """Connect to a cluster.

        Args:
            placement: where, how many, and with what.
            logs: a folder for a log of every actor.
            run: what the run is called in Ray's metrics.

        Raises:
            CannotGoOn: there is no such cluster, or it has too little.
        """
        self._placement = placement
        self._session = Session(placement)
        self._logs = Logs(logs)
        self._seconds_alone = 0.0  # since anybody was there to work
        self._watch = Watch(run)
        self._began = time.monotonic()
        self.flights: dict[Ref, Flight[About]] = {}

    def actors(self, count: int) -> int:
        """Return how many actors n contributors get here."""
        return self._placement.num_actors(count, self._session.cpus)

    def start(self, recipe: Recipe, actors: int) -> Crew:
        """Start so many actors, and return them.

        Raises:
            CannotGoOn: they do not start.
        """
        try:
            self.crew = Crew(recipe, self._placement, actors, self._session.environment, self._logs)
        except BaseException:
            self._session.close()
            raise
        self._began = time.monotonic()
        return self.crew

    def idle(self) -> list[Member]:
        """Return who could begin at once."""
        busy = {flight.member for flight in self.flights.values()}
        return [member for member in self.crew.ready if member not in busy]

    def send(
        self,
        member: Member,
        about: About,
        job: Job,
        parameters: Ref,
        *,
        opening: Ref | None = None,
        start: Snapshot | None = None,
    ) -> None:
        """Give a job to an actor; for the rest see ``Host.compute``."""
        ref = member.handle.compute.remote(job, parameters, opening, start)
        self.flights[ref] = Flight(member, about)

    def put(self, parameters: Floats) -> Ref:
        """Put parameters where every actor can read them; small ones travel with each job.

        Raises:
            CannotGoOn: they do not fit.
        """
        if parameters.nbytes <= _SMALL:
            return parameters.copy()
        try:
            return ray.put(parameters)
        except RayError as error:
            raise CannotGoOn(
                f"parameters of {parameters.nbytes / 1e6:.3g} MB do not fit into Ray's object "
                f"store: {first_line(error)}; start Ray with a larger --object-store-memory"
            ) from error

    def wait(self, seconds: float) -> tuple[Reply[About] | None, float]:
        """Wait until an actor has answered or started, at most so long.

        Returns:
            What came of a job, if anything did; and how long nobody was there to work.

        Raises:
            CannotGoOn: no actor is left, and none starts.
        """
        began = time.monotonic()
        starting = {m.started: m for m in self.crew.members if not m.is_ready}
        refs = [*self.flights, *starting]
        ready, _ = ray.wait(refs, num_returns=1, timeout=seconds)
        alone = self._alone(time.monotonic() - began)
        for ref in ready:
            if ref not in starting:
                return self._answered(ref), alone
            self.crew.take(starting[ref])
        return None, alone

    def say(self, member: Member, line: str) -> None:
        """Write something into an actor's log that it cannot say itself."""
        self.crew.say(member, line)

    def hear(self, member: Member, lines: tuple[str, ...]) -> None:
        """Write what an actor has said into its log."""
        self._logs.tell(member.name, lines)

    def dismiss(self, member: Member, why: str) -> None:
        """Put another actor into the place of one that is late, whatever it is at."""
        if not member.is_gone:
            self.crew.say(member, f"{why}: replaced")
            self.crew.replace(member)
        self.flights = {ref: each for ref, each in self.flights.items() if each.member != member}

    def told(
        self, *, alive: int, late: Collection[int], suspected: Collection[int]
    ) -> dict[str, Any]:
        """Return what is to be watched since that was told last, and tell Ray's metrics."""
        began, self._began = self._began, time.monotonic()
        actors = len(self.crew.ready)
        self._watch.tell(
            {
                "rounds_per_second": 1 / (self._began - began),
                "alive": alive,
                "late": len(late),
                "suspected": len(suspected),
                "actors": actors,
            }
        )
        return {
            "alive": alive,
            "late": sorted(late),
            "suspected": sorted(suspected),
            "actors": actors,
            "replaced": self.crew.replaced,
        }

    def close(self) -> None:
        """Stop the actors, and a Ray that was started here."""
        if ray.is_initialized():
            self.crew.close()
        self._session.close()

    def _answered(self, ref: Ref) -> Reply[About]:
        """Make of an answer, or of its absence, what is to be told."""
        member, about = self.flights.pop(ref)
        try:
            return Reply(member, about, ray.get(ref))
        except RayTaskError as error:  # it raised, and lives on
            return Reply(member, about, None, first_line(error.cause))
        except RayError as error:
            self.crew.replace(member)
            return Reply(member, about, None, first_line(error), is_gone=True)
        except Exception as error:  # noqa: BLE001 - what it sent cannot even be read
            return Reply(member, about, None, first_line(error))

    def _alone(self, seconds: float) -> float:
        """Return how long nobody was there to work; that does not go on for ever."""
        if self.crew.ready:
            self._seconds_alone = 0.0
            return 0.0
        self._seconds_alone += seconds
        if self._seconds_alone > self._placement.start_seconds:
            raise CannotGoOn(
                f"no actor has been there for {self._placement.start_seconds:g} seconds; are there "
                "nodes left? Go on later with --resume"
            )
        return seconds
