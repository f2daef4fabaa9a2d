"""Training among peers: everybody learns a policy of its own, together."""

from collections.abc import Iterator

import numpy as np

from rallypoint.agents.gradient.architecture import Architecture
from rallypoint.agents.gradient.asynchronous_rounds import brought
from rallypoint.agents.gradient.contribution import Contribution
from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.agents.gradient.reports import Learned, Report, report_of
from rallypoint.agents.rounds.asking import Asking
from rallypoint.agents.rounds.peer_to_peer import PeerToPeer, Run
from rallypoint.agents.rounds.work import Lived, Task
from rallypoint.batch_env import Mask, Snapshot
from rallypoint.safety.enforcement.nested import nested, part_of


class PeerRounds:
    """One group's policy, learned by n peers, each with parameters of its own.

    ``believed`` in reports is by how much each peer was believed in the last exchange, in the mean
    of all.
    """

    def __init__(
        self,
        delivery: Asking,
        architecture: Architecture,
        run: Run,
        contribution: Contribution,
    ) -> None:
        """Put the parts together.

        Args:
            delivery: asks peers for updates.
            architecture: of the policy.
            run: how they go about it, what they hold, and who lies.
            contribution: what peers do with their gradients.
        """
        self.delivery, self.architecture, self.server = delivery, architecture, run.server
        self.round = 0
        self.diameter = 0.0  # of the honest, after the last round
        self._run = run
        self._contribution = contribution
        shape = (1, run.protocol.contributors, architecture.size)
        self._momenta = np.zeros(shape, dtype=np.float32)
        self._lived: list[tuple[int, Lived]] = []
        self._peers = PeerToPeer([run], self._estimate, explains=True)

    @property
    def weights(self) -> Floats:
        """The weights to act by, (1, d): those of the peer that is nearest to all together."""
        wide = self.server.weights.astype(np.float64)
        apart = np.linalg.norm(wide[:, None] - wide, axis=2).sum(axis=1)
        return self.server.weights[[apart.argmin()]]

    @property
    def tally(self) -> dict[str, int]:
        """What is counted: rounds, exchanges, and messages."""
        return {**self._peers.tallies()[0], **self.delivery.tally}

    def train_round(self) -> Report:
        """Train one round.

        Raises:
            TooManyByzantine, InvalidUpdates: a rule cannot answer.
            Diverged: parameters are not finite any more.
        """
        count = self._run.protocol.contributors
        self._lived = []
        self.diameter = float(self._peers.step().after[0])
        self.round += 1
        believed = self._peers.believed.astype(np.float32)
        learned = Learned.by_belief(believed)
        return report_of(brought(self._lived, count), learned, self._run.hearsay.honest[None])

    def run(self, count: int) -> Iterator[Report]:
        """Yield the reports of so many rounds."""
        for _ in range(count):
            yield self.train_round()

    def _estimate(self, models: Floats, round_number: int) -> tuple[Floats, Mask]:
        for peer, model in enumerate(models[0]):
            self.delivery.ask(peer, Task(round_number, 0, model[None], model[None]))
        found = np.zeros_like(models)
        speaks = np.zeros(models.shape[:2], dtype=bool)
        for peer in range(models.shape[1]):
            heard = self.delivery.answer(peer)
            if heard.found is not None:  # else it is lost, and the peer stays where it is
                self._lived.append((peer, heard.found.lived))
                found[0, peer] = heard.found.updates[0]
                speaks[0, peer] = heard.found.speaks[0]
        sent, self._momenta = self._contribution.of(found, self._momenta, speaks)
        return sent.copy(), speaks

    def snapshot(self) -> Snapshot:
        """Return everything needed to go on from here, bit for bit."""
        own: Snapshot = {"round": np.array(self.round), "momenta": self._momenta.copy()}
        own |= nested("peers", self._peers.snapshot())
        return own | nested("delivery", self.delivery.snapshot())

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of rounds that were put together alike."""
        self.delivery.restore(part_of(snapshot, "delivery"))
        self._peers.restore(part_of(snapshot, "peers"))
        self.round = int(snapshot["round"])
        self._momenta = snapshot["momenta"].copy()
