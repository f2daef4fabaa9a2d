"""Training with replicated servers, of which some may lie."""

from collections.abc import Iterator

import numpy as np

from rallypoint.agents.gradient.architecture import Architecture
from rallypoint.agents.gradient.asynchronous_rounds import brought
from rallypoint.agents.gradient.contribution import Contribution
from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.agents.gradient.reports import Learned, Report, report_of
from rallypoint.agents.gradient.server import Server
from rallypoint.agents.rounds.asking import Asking
from rallypoint.agents.rounds.contraction import contracted, diameter
from rallypoint.agents.rounds.replicated import Replicated, Replication
from rallypoint.agents.rounds.work import Lived, Task
from rallypoint.batch_env import Snapshot
from rallypoint.safety.enforcement.nested import nested, part_of


class ReplicatedRounds:
    """One group's shared policy, learned from n contributors by several servers at once."""

    def __init__(
        self,
        delivery: Asking,
        architecture: Architecture,
        server: Server,
        run: Replicated,
        contribution: Contribution,
    ) -> None:
        """Put the parts together.

        Args:
            delivery: asks contributors.
            architecture: of the policy.
            server: with a row for each replica, all alike at first.
            run: protocol and threats.
            contribution: what contributors do with their gradients.
        """
        self.delivery, self.architecture, self.server = delivery, architecture, server
        self.round = 0
        self._run = run
        self._contribution = contribution
        shape = (1, run.protocol.contributors, architecture.size)
        self._momenta = np.zeros(shape, dtype=np.float32)
        self._lived: list[tuple[int, Lived]] = []
        self._replication = Replication([run], [server], self._estimate)

    @property
    def weights(self) -> Floats:
        """The weights to act by, (1, d): the coordinate median of all replicas'."""
        return contracted(self.server.weights, "median")[None].astype(np.float32)

    @property
    def tally(self) -> dict[str, int]:
        """What is counted: rounds, and times that replicas came together."""
        numbers = range(self.round)
        return {
            "rounds": self.round,
            "gatherings": sum(self._run.protocol.gathers(number) for number in numbers),
            **self.delivery.tally,
        }

    @property
    def diameter(self) -> float:
        """How far the honest replicas are apart."""
        return diameter(self.server.parameters[self._run.honest_servers])

    def train_round(self) -> Report:
        """Train one round.

        Raises:
            Diverged: parameters are not finite any more.
        """
        count = self._run.protocol.contributors
        self._lived = []
        self._replication.step()
        self.round += 1
        believed = np.full((1, count), 1 / count)
        threats = self._run.threats
        honest = np.ones(count, dtype=bool) if threats is None else ~threats.liars
        return report_of(brought(self._lived, count), Learned.by_belief(believed), honest[None])

    def run(self, count: int) -> Iterator[Report]:
        """Yield the reports of so many rounds."""
        for _ in range(count):
            yield self.train_round()

    def _estimate(self, models: Floats, round_number: int, attempt: int) -> Floats:
        key = round_number * (1 + self._run.protocol.tries) + attempt
        for contributor, model in enumerate(models[0]):
            self.delivery.ask(contributor, Task(key, 0, model[None], model[None]))
        self._lived = []  # what was refused is not what was learned from
        found = np.full(models.shape, np.nan, dtype=np.float32)
        speaks, missing = np.zeros((2, *models.shape[:2]), dtype=bool)
        for contributor in range(models.shape[1]):
            heard = self.delivery.answer(contributor)
            if heard.found is None:
                missing[0, contributor] = True
                continue
            self._lived.append((contributor, heard.found.lived))
            found[0, contributor] = heard.found.updates[0]
            speaks[0, contributor] = heard.found.speaks[0]
        sent, self._momenta = self._contribution.of(found, self._momenta, speaks)
        return np.where(missing[..., None], np.float32(np.nan), sent)

    def snapshot(self) -> Snapshot:
        """Return everything needed to go on from here."""
        own: Snapshot = {"round": np.array(self.round), "momenta": self._momenta.copy()}
        own |= nested("replication", self._replication.snapshot())
        return own | nested("delivery", self.delivery.snapshot())

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of rounds that were put together alike."""
        self.delivery.restore(part_of(snapshot, "delivery"))
        self._replication.restore(part_of(snapshot, "replication"))
        self.round = int(snapshot["round"])
        self._momenta = snapshot["momenta"].copy()
