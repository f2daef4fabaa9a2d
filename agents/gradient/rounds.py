"""Rounds: play, estimate, lie, aggregate, move; for R runs side by side."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.gradient.actors import Actors
from rallypoint.agents.gradient.architecture import Architecture
from rallypoint.agents.gradient.contribution import Contribution
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.dealing import Dealt, dealt_out, with_missing
from rallypoint.agents.gradient.descent import Descent, straight
from rallypoint.agents.gradient.estimators import Estimator
from rallypoint.agents.gradient.fragment import Rollout
from rallypoint.agents.gradient.parts import side_by_side
from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.agents.gradient.reports import Learned, Report, report_of
from rallypoint.agents.gradient.server import Server
from rallypoint.agents.gradient.team_lies import Lies
from rallypoint.agents.gradient.workshop import GradientWorkshop
from rallypoint.agents.rounds.delivery import Delivery
from rallypoint.agents.rounds.in_process import InProcess
from rallypoint.agents.rounds.protocols import (
    Combine,
    Moved,
    Remind,
    RoundProtocol,
    Stop,
    Work,
)
from rallypoint.agents.rounds.protocols.synchronous import Synchronous
from rallypoint.agents.rounds.work import Task
from rallypoint.batch_env import Mask, Snapshot
from rallypoint.errors import CannotGoOn, InvalidConfig
from rallypoint.safety.enforcement.nested import nested, part_of


class Rounds:
    """A policy for each group, learned from n contributors in each of R runs."""

    def __init__(
        self,
        rollout: Rollout,
        actors: Architecture | Actors,
        estimator: Estimator,
        contributors: Contributors,
        server: Server,
        *,
        steps: int,
        seeds: Sequence[int],
        contribution: Contribution | None = None,
        threats: Sequence[Lies | None] | None = None,
        descent: Descent = straight,
        world_seed: int | None = None,
        protocol: RoundProtocol[Any] | None = None,
        delivery: Delivery | None = None,
    ) -> None:
        """Put the parts together.

        Args:
            rollout: the world, with R times as many copies as one run has.
            actors: of the groups of the world; the architecture of the policy, where there is one
                group, with the server's riders behind it.
            estimator: how updates are estimated.
            contributors: whose rows are whose.
            server: with the parameters to start from.
            steps: of a fragment, unless the estimator wants whole episodes.
            seeds: of each run.
            contribution: what contributors do with their gradients.
            threats: to the updates of each run.
            descent: what the server does with an aggregate.
            world_seed: of the world; that of the first run if not given.
            protocol: what is computed when, and what is combined; synchronous if not given.
            delivery: where it is computed; in this process, in this world, if not given.

        Raises:
            NotOffered, InvalidConfig: a world, copies or riders that the estimator cannot use.
        """
        self.server = server
        groups = [seat.group for seat in rollout.seats]
        self.actors = Actors.of(actors, groups, server.riding.riders)
        places = [part.places for part in server.rules.parts]
        if places != [part.places for part in self.actors.parts]:
            raise InvalidConfig(
                f"the server aggregates {len(places)} parts of the model, and there are "
                f"{len(self.actors.each)} actors to be asked about, riders included: give it their "
                "riders and parts"
            )
        self.round = 0
        if delivery is None:
            workshop = GradientWorkshop(
                rollout,
                self.actors,
                estimator,
                contributors,
                steps=steps,
                seeds=seeds,
                weights=server.weights,
                world_seed=world_seed,
            )
            everybody = range(contributors.runs * contributors.count)
            delivery = InProcess([workshop], [everybody])
        self.delivery = delivery
        self.protocol = Synchronous() if protocol is None else protocol
        self._estimator = estimator
        self._contributors = contributors
        self._seeds = tuple(seeds)
        self._contribution = contribution or Contribution()
        self._threats = tuple(threats or [None] * contributors.runs)
        self._descent = descent
        self._members = self.actors.members(contributors)
        shape = (contributors.runs, contributors.count, self.actors.size)
        self._momenta = np.zeros(shape, dtype=np.float32)
        self._episodes: NDArray[np.int64] | None = None
        self._state: Any
        self._state, self._orders = self.protocol.begin(delivery.count)

    @property
    def weights(self) -> Floats:
        """The weights to act by, whatever rides behind them: (R, d)."""
        return self.actors.folded(self.server.parameters)

    @property
    def architecture(self) -> Architecture:
        """The networks of the only group's policy."""
        return self.actors.only.networks

    @property
    def honest(self) -> Mask:
        """Who does not lie in its updates: (R, n)."""
        everybody = np.ones(self._contributors.count, dtype=bool)
        return np.stack([everybody if t is None else ~t.liars for t in self._threats])

    @property
    def tally(self) -> Mapping[str, int]:
        """What the protocol has counted so far."""
        return self.protocol.tally(self._state)

    def train_round(self) -> Report:
        """Play one round and learn from it.

        Raises:
            TooManyByzantine, InvalidUpdates: an aggregator cannot answer.
            Diverged: parameters are not finite any more.
            CannotGoOn: the protocol has stopped.
        """
        opening = self.server.parameters
        # How many each contributor of a run plays in this round, where that is decided: (R,).
        self._episodes = self._estimator.begin({}, self.server.rules.seeds, self.round).get(
            "episodes"
        )
        learned = Learned.unknown(self._contributors.runs, self._members)
        more, piece = True, 0
        while more:
            task = Task(self.round, piece, opening, self.server.parameters)
            self.delivery.announce(self.server.time, task)
            combine = self._wait()
            brought = self.delivery.brought()
            dealt = dealt_out(combine, brought, self._members, self._contributors.runs)
            self._learn(dealt, None if piece else learned)
            more, piece = brought.more, piece + 1
            moved = Moved(self.server.time, self.server.parameters, opens=not more)
            self._state, self._orders = self.protocol.tell(self._state, moved)
        self.round += 1
        return report_of(brought, learned, self.honest)

    def _wait(self) -> Combine:
        """Carry out what is ordered, until there is something to combine."""
        orders = deque(self._orders)
        while True:
            while orders:
                match orders.popleft():
                    case Combine() as combine:
                        return combine
                    case Work() as work:
                        self.delivery.order(work)
                    case Remind() as reminder:
                        self.delivery.remind(reminder)
                    case Stop(reason=reason):
                        raise CannotGoOn(f"round {self.round} cannot be finished: {reason}")
            self._state, more = self.protocol.tell(self._state, self.delivery.next())
            orders.extend(more)

    def run(self, count: int) -> Iterator[Report]:
        """Yield the reports of so many rounds."""
        for _ in range(count):
            yield self.train_round()

    def _learn(self, dealt: Dealt, learned: Learned | None = None) -> None:
        """Send, aggregate and move once; note what came of it, the first time in a round."""
        sent = self._sent(dealt.updates, dealt.speaks_of)
        runs = len(dealt.present)
        aggregates = np.empty_like(self.server.parameters)
        expected = None  # everybody, of everything
        if not dealt.speaks_of.all():
            expected = dealt.speaks_of | (dealt.missing[..., None] & self._members)
        for run in range(runs):
            rows = np.flatnonzero(dealt.present[run])
            present = sent[run] if len(rows) == sent.shape[1] else sent[run, rows]
            received = self._received(run, present, rows, dealt.speaks_of[run])
            whom, received = with_missing(rows, received, np.flatnonzero(dealt.missing[run]))
            batch = None if self._episodes is None else int(self._episodes[run])
            answer = self.server.rules.aggregate(
                run,
                received,
                whom,
                explain=learned is not None,
                batch=batch,
                speaks_of=None if expected is None else expected[run, whom],
            )
            aggregates[run] = answer.aggregate
            if learned is not None:
                honest = self.honest[run] & dealt.present[run]
                for number, (part, judged) in enumerate(
                    zip(self.server.rules.parts, answer.parts, strict=True)
                ):
                    heard = honest & dealt.speaks_of[run, :, number]
                    learned.note(run, number, part.of(sent[run, heard]), whom, judged)
        self._descent(
            self.server,
            aggregates[:, : self.actors.size],
            episodes=self._episodes,
            round_number=self.round,
        )
        self.server.close(aggregates, ride=learned is not None)

    def _sent(self, updates: Floats, speaks_of: Mask) -> Floats:
        """Return what contributors send if nobody lies, and remember momenta: (R, n, D)."""
        size = self.actors.size
        both = [
            self._contribution.of(
                updates[..., actor.weights],
                self._momenta[..., actor.weights],
                speaks_of[..., number],
            )
            for number, actor in enumerate(self.actors.each)
        ]
        sent, momenta = (side_by_side(parts) for parts in zip(*both, strict=True))
        if self._contribution.momentum:
            self._momenta = momenta
        if updates.shape[2] == size:
            return sent
        return np.concatenate([sent, updates[..., size:]], axis=2)

    def _received(self, run: int, sent: Floats, rows: NDArray[np.int64], speaks_of: Mask) -> Floats:
        """Let the liars of a run lie."""
        threats = self._threats[run]
        if threats is None:
            return sent
        batch = None if self._episodes is None else int(self._episodes[run])
        rule = self.server.rules.asked(run, rows, batch=batch, speaks_of=speaks_of[rows])
        delivery = threats.apply(sent, round_number=self.server.time, members=rows, aggregator=rule)
        received: Floats = delivery.updates.astype(np.float32, copy=False)
        return received

    def snapshot(self) -> Snapshot:
        """Return everything needed to go on from here, bit for bit."""
        own: Snapshot = {"round": np.array(self.round), "momenta": self._momenta.copy()}
        own |= nested("server", self.server.snapshot())
        own |= nested("delivery", self.delivery.snapshot())
        own |= nested("protocol", self.protocol.snapshot(self._state))
        for run, threats in enumerate(self._threats):
            if threats is not None:
                own |= nested(f"threats/{run}", threats.snapshot())
        return own

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of rounds that were put together alike."""
        self.server.restore(part_of(snapshot, "server"))
        self.delivery.restore(part_of(snapshot, "delivery"))
        self._state, self._orders = self.protocol.restore(part_of(snapshot, "protocol"))
        for run, threats in enumerate(self._threats):
            if threats is not None:
                threats.restore(part_of(snapshot, f"threats/{run}"))
        self.round = int(snapshot["round"])
        self._momenta = snapshot["momenta"].copy()
