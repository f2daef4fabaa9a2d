"""Training whose server waits for nobody: updates are judged or buffered as they come."""

from collections.abc import Iterator, Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.gradient.architecture import Architecture
from rallypoint.agents.gradient.contribution import Contribution
from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.agents.gradient.reports import Learned, Report, report_of
from rallypoint.agents.gradient.server import Server
from rallypoint.agents.rounds.asking import Asking
from rallypoint.agents.rounds.delivery import Brought
from rallypoint.agents.rounds.real_delays import RealArrivals
from rallypoint.agents.rounds.recorded import Entry
from rallypoint.agents.rounds.simulated import Lane, Simulation
from rallypoint.agents.rounds.work import Filtered, Found, Lived, Task
from rallypoint.batch_env import Snapshot
from rallypoint.errors import CannotGoOn
from rallypoint.safety.enforcement.nested import nested, part_of

Integers = NDArray[np.int64]


class AsynchronousRounds:
    """One group's shared policy, learned from n contributors with delays, simulated or real.

    A round is n updates that came, whosever. ``believed`` in reports is each contributor's share of
    the updates that moved the server.
    """

    def __init__(
        self,
        delivery: Asking,
        architecture: Architecture,
        server: Server,
        lane: Lane,
        contribution: Contribution,
    ) -> None:
        """Put the parts together.

        Args:
            delivery: asks contributors; if delays are real, what is lost is told of, not found
                anew.
            architecture: of the policy.
            server: of one run, with the parameters to start from.
            lane: protocol, delays and threats.
            contribution: what contributors do with their gradients.

        Raises:
            TooManyByzantine: the protocol cannot tolerate so many.
        """
        self.delivery, self.architecture, self.server = delivery, architecture, server
        self.round = 0
        self._lane = lane
        self._contribution = contribution
        self._fragments = np.zeros(lane.contributors, dtype=np.int64)  # that each has played
        self._momenta = np.zeros((1, lane.contributors, architecture.size), dtype=np.float32)
        self._lived: list[tuple[int, Lived]] = []
        self._begun: dict[int, Floats] = {}  # (d,) at which contributors are at work
        self._real = RealArrivals(delivery) if lane.delays.are_real else None
        self._simulation = Simulation(
            [lane],
            server,
            self._estimate,
            keep=lane.delays.keep,
            ahead=self._begin if lane.delays.known_when_ordered else None,
            arrivals=None if self._real is None else [self._real],
        )

    @property
    def weights(self) -> Floats:
        """The weights to act by: (1, d)."""
        return self.server.weights

    @property
    def tally(self) -> dict[str, int]:
        """What the protocol has counted so far, and what became of all that was asked."""
        return self.protocol_tally | self.delivery.tally

    @property
    def protocol_tally(self) -> dict[str, int]:
        """What the protocol has counted so far."""
        return self._simulation.tallies()[0]

    @property
    def record(self) -> Sequence[Entry] | None:
        """What came when, where delays are real."""
        return None if self._real is None else self._real.record

    def train_round(self) -> Report:
        """Let n updates come.

        Raises:
            CannotGoOn: the server has stopped; says why.
        """
        count = self._lane.contributors
        self._lived, moved = [], np.zeros(count)
        while len(self._lived) < count:
            event = self._simulation.step()
            if (reason := self._simulation.stopped[0]) is not None:
                raise CannotGoOn(f"round {self.round} cannot be finished: {reason}")
            moved[event.contributors] += event.moved
        self.round += 1
        believed = moved / max(1, moved.sum())
        threats = self._lane.threats
        honest = np.ones(count, dtype=bool) if threats is None else ~threats.liars
        learned = Learned.by_belief(believed[None])
        return report_of(brought(self._lived, count), learned, honest[None])

    def run(self, count: int) -> Iterator[Report]:
        """Yield the reports of so many rounds."""
        for _ in range(count):
            yield self.train_round()

    def _begin(self, run: int, contributor: int, parameters: Floats) -> None:
        """Ask for a contributor's next update, at parameters (d,)."""
        del run  # there is one
        self._begun[contributor] = parameters
        task = Task(int(self._fragments[contributor]), 0, parameters[None], parameters[None])
        self.delivery.ask(contributor, task)

    def _found(self, contributor: int, point: Floats) -> Found:
        """Return what a contributor has found at parameters (d,)."""
        begun = self._begun.pop(contributor, None)
        if self._real is not None:
            heard = self._real.take()
        else:
            if begun is None or not np.array_equal(begun, point):
                self._begin(0, contributor, point)
                del self._begun[contributor]
            heard = self.delivery.answer(contributor)
        if heard.found is None:
            raise CannotGoOn(
                f"contributor {contributor} cannot be computed ({heard.reason}); go on later with "
                "--resume"
            )
        return heard.found

    def _estimate(self, points: Floats, event: int, runs: Integers, whose: Integers) -> Floats:
        del event, runs  # one run, and fragments are counted by contributor
        (contributor,) = whose.tolist()
        found = self._found(contributor, points[0])
        self._fragments[contributor] += 1
        self._lived.append((contributor, found.lived))
        own = slice(contributor, contributor + 1)
        sent, self._momenta[:, own] = self._contribution.of(
            found.updates[None], self._momenta[:, own], found.speaks[None]
        )
        told: Floats = sent[0]
        return told

    def snapshot(self) -> Snapshot:
        """Return everything needed to go on: bit for bit, where delays are simulated."""
        own: Snapshot = {
            "round": np.array(self.round),
            "fragments": self._fragments.copy(),
            "momenta": self._momenta.copy(),
        }
        own |= nested("simulation", self._simulation.snapshot())
        return own | nested("delivery", self.delivery.snapshot())

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of rounds that were put together alike."""
        self.delivery.restore(part_of(snapshot, "delivery"))
        self._begun.clear()
        self._simulation.restore(part_of(snapshot, "simulation"))
        self.round = int(snapshot["round"])
        self._fragments = snapshot["fragments"].copy()
        self._momenta = snapshot["momenta"].copy()


def brought(parts: list[tuple[int, Lived]], count: int) -> Brought:
    """Return what contributors lived in a round, who may have played several fragments or none."""
    returns = np.zeros(count)
    episodes, lengths, steps, left_out, of = np.zeros((5, count), dtype=np.int64)
    for contributor, lived in parts:
        returns[contributor] += lived.returns[0]
        episodes[contributor] += lived.episodes[0]
        lengths[contributor] += lived.lengths[0]
        steps[contributor] += lived.steps[0]
        for told in lived.filtered:
            left_out[contributor] += told.left_out
            of[contributor] += told.of
    filtered = tuple(map(Filtered, left_out.tolist(), of.tolist())) if of.any() else ()
    of_each: list[list[str]] = [[] for _ in range(count)]
    for contributor, lived in parts:
        of_each[contributor] += lived.digests
    digests = tuple(map(_together, of_each)) if any(of_each) else ()
    lived = Lived(returns, episodes, lengths, steps, digests, filtered)
    return Brought(np.arange(count), lived, more=False)


def _together(digests: Sequence[str]) -> str:
    """Return one digest of all, in order; none of nothing."""
    if len(digests) < 2:
        return "".join(digests)
    return blake2b("".join(digests).encode(), digest_size=16).hexdigest()
