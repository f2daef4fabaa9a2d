"""Rounds among peers, for R runs side by side, in this process."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.gradient.server import Server
from rallypoint.agents.rounds.contraction import diameter
from rallypoint.agents.rounds.hearsay import Hearsay
from rallypoint.agents.rounds.mixing import explained_to_one, mixed_by_one
from rallypoint.agents.rounds.protocols import Arrived, Floats, Mask, Moved, Work
from rallypoint.agents.rounds.protocols.peers import (
    Exchange,
    Heard,
    Judge,
    Peers,
    Settle,
    Step,
    Told,
)
from rallypoint.batch_env import Snapshot
from rallypoint.errors import InvalidConfig
from rallypoint.safety.enforcement.nested import nested, part_of

# Parameters (R, n, d) and the round: updates (R, n, d), and who found any (R, n).
Estimate = Callable[[Floats, int], tuple[Floats, Mask]]


class Run(NamedTuple):
    """One run: how its peers go about it, what they hold, and who lies."""

    protocol: Peers
    server: Server  # a row of parameters for each peer, with its own optimiser; and the aggregator
    hearsay: Hearsay


class Gathered(NamedTuple):
    """What a round brought, run by run: how far the honest are apart, (R,) each."""

    before: NDArray[np.float64]  # they exchange parameters
    after: NDArray[np.float64]


class PeerToPeer:
    """Rounds of R runs, all with as many peers."""

    def __init__(self, runs: Sequence[Run], estimate: Estimate, *, explains: bool = False) -> None:
        """Begin.

        Args:
            runs: R.
            estimate: finds updates, pure in its arguments.
            explains: whether to say who was believed, which takes about as long as believing.

        Raises:
            InvalidConfig: runs that do not fit together.
        """
        counts = {run.protocol.contributors for run in runs}
        if len(counts) != 1:
            raise InvalidConfig(f"runs side by side have equally many peers, got {sorted(counts)}")
        for run in runs:
            if len(run.server.parameters) != run.protocol.contributors:
                raise InvalidConfig(
                    f"{run.protocol.contributors} peers have a row of parameters each, got "
                    f"{len(run.server.parameters)}"
                )
        self.runs = tuple(runs)
        self.round = 0
        self._estimate = estimate
        self._explains = explains
        self._standing = [run.protocol.begin() for run in runs]
        # By how much each peer was believed in the last exchange, in the mean of all: (R, n).
        self.believed = np.full((len(runs), *counts), 1 / next(iter(counts)))
        self._last: list[Heard | None] = [None for _ in runs]  # what was told of the last exchange

    @property
    def models(self) -> Floats:
        """What each peer holds: (R, n, d)."""
        return np.stack([run.server.parameters for run in self.runs])

    def tallies(self) -> list[Mapping[str, int]]:
        """Return what each run has counted."""
        return [
            run.protocol.tally(state)
            for run, (state, _) in zip(self.runs, self._standing, strict=True)
        ]

    def step(self) -> Gathered:
        """Run one round.

        Raises:
            InvalidUpdates: somebody heard more than f rows that are not finite.
            Diverged: parameters are not finite any more.
        """
        updates, speaks = self._estimate(self.models, self.round)
        before = [
            self._play(at, found, who)
            for at, (found, who) in enumerate(zip(updates, speaks, strict=True))
        ]
        self.round += 1
        after = [diameter(run.server.parameters[run.hearsay.honest]) for run in self.runs]
        return Gathered(np.array(before), np.array(after))

    def snapshot(self) -> Snapshot:
        """Return everything needed to go on from here, bit for bit."""
        own: Snapshot = {"round": np.array(self.round)}
        for at, (run, (state, _)) in enumerate(zip(self.runs, self._standing, strict=True)):
            own |= nested(f"{at}/server", run.server.snapshot())
            own |= nested(f"{at}/hearsay", run.hearsay.snapshot())
            own |= nested(f"{at}/protocol", run.protocol.snapshot(state))
        return own

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of the same runs."""
        self.round = int(snapshot["round"])
        for at, run in enumerate(self.runs):
            run.server.restore(part_of(snapshot, f"{at}/server"))
            run.hearsay.restore(part_of(snapshot, f"{at}/hearsay"))
            kept = part_of(snapshot, f"{at}/protocol")
            self._standing[at] = run.protocol.restore(kept)

    def _play(self, at: int, updates: Floats, speaks: Mask) -> float:
        """Carry out a run's round; return how far its honest were apart when they had stepped."""
        run, (state, _) = self.runs[at], self._standing[at]
        told: Told = Arrived(state.version, np.arange(len(speaks)), updates, speaks)
        apart = 0.0
        while True:
            state, (order,) = run.protocol.tell(state, told)
            match order:
                case Work():
                    self._standing[at] = state, (order,)
                    return apart
                case Exchange():
                    told = Heard(*order[:3], self._heard(run, order))
                    if self._explains:
                        self.believed[at] = _believed(run, order, told.rows)
                    self._last[at] = told
                case Settle(version, parameters):
                    run.server.parameters = parameters
                    told = Moved(version + 1, parameters, opens=True)
                case Step() | Judge():
                    told = Moved(order.version, _moved(run.server, order), opens=False)
                    apart = diameter(told.parameters[run.hearsay.honest])

    def _heard(self, run: Run, order: Exchange) -> Floats:
        protocol, whom = run.protocol, order.contributors
        one = int(run.hearsay.honest.argmax())  # whom those who know the rule take as an example
        if order.what == "update":
            rule, number = run.server.rules.asked(one, whom), self.round
        else:
            number = self.round * protocol.exchanges + order.exchange
            rule = partial(mixed_by_one, one, mixing=protocol.mixing, f=protocol.f)
        return run.hearsay.heard(order.what, whom, order.rows, number=number, aggregator=rule)


def _moved(server: Server, order: Step | Judge) -> Floats:
    """Let peers step, each along what it found or what it makes of what it heard: (n, D)."""
    whom = order.contributors
    aggregates = np.zeros_like(server.parameters)
    if not len(whom):
        return server.parameters
    if isinstance(order, Step):
        aggregates[whom] = order.updates
    else:
        aggregates[whom] = [
            server.rules.aggregate(peer, heard, whom).aggregate
            for peer, heard in zip(whom.tolist(), order.heard, strict=True)
        ]
    server.step(aggregates[whom], whom)
    server.close(aggregates, ride=False)
    return server.parameters


def _believed(run: Run, order: Exchange, heard: Floats) -> NDArray[np.float64]:
    """Return by how much each is believed by those who heard it, in the mean of all: (n,)."""
    whom, protocol = order.contributors, run.protocol
    weights = np.zeros((len(heard), len(heard)))
    for peer, rows in enumerate(heard):
        if order.what == "parameters":
            told = explained_to_one(peer, rows, mixing=protocol.mixing, f=protocol.f)
        else:
            told = run.server.rules.explained(peer, rows, whom)
        weights[peer, whom] = told.weights
    mean: NDArray[np.float64] = weights.mean(axis=0)
    return mean
