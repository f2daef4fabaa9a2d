"""Training whose server waits for nobody: updates are judged or buffered as they come."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.gradient.architecture import Architecture
from rallypoint.agents.gradient.contribution import Contribution
from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.agents.gradient.reports import Learned, Report, report_of
from rallypoint.agents.gradient.server import Server
from rallypoint.agents.rounds.delivery import Brought
from rallypoint.agents.rounds.in_process import InProcess
from rallypoint.agents.rounds.simulated import Lane, Simulation
from rallypoint.agents.rounds.work import Lived, Task
from rallypoint.batch_env import Snapshot
from rallypoint.errors import CannotGoOn
from rallypoint.safety.enforcement.nested import nested, part_of

Integers = NDArray[np.int64]


class AsynchronousRounds:
    """One group's shared policy, learned from n contributors with simulated delays.

    A round is n updates that came, whosever. ``believed`` in reports is each contributor's share of
    the updates that moved the server.
    """

    def __init__(
        self,
        delivery: InProcess,
        architecture: Architecture,
        server: Server,
        lane: Lane,
        contribution: Contribution,
    ) -> None:
        """Put the parts together.

        Args:
            delivery: with a block for each contributor.
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
        self._simulation = Simulation([lane], server, self._estimate)

    @property
    def weights(self) -> Floats:
        """The weights to act by: (1, d)."""
        return self.server.weights

    @property
    def tally(self) -> dict[str, int]:
        """What the protocol has counted so far."""
        return self._simulation.tallies()[0]

    def train_round(self) -> Report:
        """Let n updates come.

        Raises:
            CannotGoOn: the server has stopped; says why.
        """
        count = self._lane.contributors
        self._lived, moved = [], np.zeros(count)
        for _ in range(count):
            event = self._simulation.step()
            if (reason := self._simulation.stopped[0]) is not None:
                raise CannotGoOn(f"round {self.round} cannot be finished: {reason}")
            moved[event.contributors] += event.moved
        self.round += 1
        believed = moved / max(1, moved.sum())
        unknown = np.full(1, np.nan, dtype=np.float32)
        threats = self._lane.threats
        honest = np.ones(count, dtype=bool) if threats is None else ~threats.liars
        learned = Learned(unknown, unknown, believed[None])
        return report_of(brought(self._lived, count), learned, honest[None])

    def run(self, count: int) -> Iterator[Report]:
        """Yield the reports of so many rounds."""
        for _ in range(count):
            yield self.train_round()

    def _estimate(self, points: Floats, event: int, runs: Integers, whose: Integers) -> Floats:
        del event, runs  # one run, and fragments are counted by contributor
        (contributor,) = whose.tolist()
        task = Task(int(self._fragments[contributor]), 0, points, points)
        found = self.delivery.workshops[contributor].compute(task)
        self._fragments[contributor] += 1
        self._lived.append((contributor, found.lived))
        own = slice(contributor, contributor + 1)
        sent = self._contribution.of(found.updates[None], self._momenta[:, own], found.speaks[None])
        if self._contribution.momentum:
            self._momenta[:, own] = sent
        told: Floats = sent[0]
        return told

    def snapshot(self) -> Snapshot:
        """Return everything needed to go on; updates under way will be computed anew."""
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
        self._simulation.restore(part_of(snapshot, "simulation"))
        self.round = int(snapshot["round"])
        self._fragments = snapshot["fragments"].copy()
        self._momenta = snapshot["momenta"].copy()


def brought(parts: list[tuple[int, Lived]], count: int) -> Brought:
    """Return what contributors lived in a round, who may have played several fragments or none."""
    returns = np.zeros(count)
    episodes, steps = np.zeros((2, count), dtype=np.int64)
    for contributor, lived in parts:
        returns[contributor] += lived.returns[0]
        episodes[contributor] += lived.episodes[0]
        steps[contributor] += lived.steps[0]
    return Brought(np.arange(count), Lived(returns, episodes, steps), more=False)
