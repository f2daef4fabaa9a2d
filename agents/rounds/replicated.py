"""Rounds with replicated servers, for R runs side by side, in this process."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.gradient.server import Server
from rallypoint.agents.rounds.contraction import contracted, diameter
from rallypoint.agents.rounds.filters.outliers import Local, reach
from rallypoint.agents.rounds.protocols import Floats, Integers, Mask
from rallypoint.agents.rounds.protocols.replicated_servers import ReplicatedServers
from rallypoint.batch_env import Snapshot
from rallypoint.errors import CannotGoOn, InvalidConfig
from rallypoint.safety.enforcement.nested import nested, part_of
from rallypoint.safety.updates import UpdateThreats

# Parameters (R, n_w, d), the round, and the attempt in it: updates (R, n_w, d), pure in these; what
# has not come is a row of NaN.
Estimate = Callable[[Floats, int, int], Floats]


@dataclass(frozen=True, kw_only=True)
class Replicated:
    """One run: its protocol, and who lies in it."""

    protocol: ReplicatedServers
    seed: int
    threats: UpdateThreats | None = None  # to the contributors' updates
    server_threats: UpdateThreats | None = None  # to what servers say

    @property
    def honest_servers(self) -> Mask:
        """Which servers do not lie: (n_ps,)."""
        if self.server_threats is None:
            return np.ones(self.protocol.servers, dtype=bool)
        return ~self.server_threats.liars


class Gathered(NamedTuple):
    """What a round brought, run by run."""

    diameters: NDArray[np.float64]  # (R,) of the honest servers, before they come together
    refused: Floats  # (R,) share of what workers pulled that their filters refused; NaN: none


class Replication:
    """Rounds of R runs; all have as many contributors, and servers of their own."""

    def __init__(
        self, runs: Sequence[Replicated], servers: Sequence[Server], estimate: Estimate
    ) -> None:
        """Begin.

        Args:
            runs: R.
            servers: of each run, one with a row for each of its replicas, which begin alike.
            estimate: finds updates.

        Raises:
            InvalidConfig: runs that do not fit together.
        """
        counts = {run.protocol.contributors for run in runs}
        if len(counts) != 1:
            raise InvalidConfig(f"runs side by side have equally many contributors, got {counts}")
        for run, server in zip(runs, servers, strict=True):
            if len(server.parameters) != run.protocol.servers:
                raise InvalidConfig(
                    f"{run.protocol.servers} replicas have a row of parameters each, got "
                    f"{len(server.parameters)}"
                )
        self.runs = tuple(runs)
        self.servers = tuple(servers)
        self.round = 0
        self._estimate = estimate
        (count,) = counts
        starts = [server.parameters[0] for server in servers]
        self._models = np.stack([np.repeat(start[None], count, axis=0) for start in starts])
        self._sources = np.full((len(runs), count), -1)
        self._locals: list[list[Local | None]] = [[None] * count for _ in runs]

    def step(self) -> Gathered:
        """Run one round."""
        heard = [self._said(*each) for each in zip(self.runs, self.servers, strict=True)]
        diameters = [
            diameter(server.parameters[run.honest_servers])
            for run, server in zip(self.runs, self.servers, strict=True)
        ]
        updates, refused = self._found(heard)
        for at, (run, server) in enumerate(zip(self.runs, self.servers, strict=True)):
            if run.protocol.gathers(self.round):
                self._contract(run, server, heard[at])
            came = np.flatnonzero(~np.isnan(updates[at]).all(axis=1))
            sent = updates[at].copy()
            if run.threats is not None:
                told = run.threats.apply(sent[came], round_number=self.round, members=came)
                sent[came] = told.updates
            self._move(run, server, sent, came)
        self.round += 1
        return Gathered(np.array(diameters), refused)

    def snapshot(self) -> Snapshot:
        """Return everything needed to go on from here."""
        own: Snapshot = {"round": np.array(self.round), "models": self._models.copy()}
        for at, (run, server) in enumerate(zip(self.runs, self.servers, strict=True)):
            own |= nested(f"{at}/server", server.snapshot())
            for name, threats in (("threats", run.threats), ("lies", run.server_threats)):
                if threats is not None:
                    own |= nested(f"{at}/{name}", threats.snapshot())
            for worker, local in enumerate(self._locals[at]):
                if local is not None:
                    own |= nested(f"{at}/locals/{worker}", local.snapshot())
        return own

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of the same runs."""
        self.round, self._models = int(snapshot["round"]), snapshot["models"].copy()
        for at, (run, server) in enumerate(zip(self.runs, self.servers, strict=True)):
            server.restore(part_of(snapshot, f"{at}/server"))
            kept = [part_of(snapshot, f"{at}/locals/{w}") for w in range(len(self._locals[at]))]
            self._locals[at] = [Local.restored(part) if part else None for part in kept]
            for name, threats in (("threats", run.threats), ("lies", run.server_threats)):
                if threats is not None:
                    threats.restore(part_of(snapshot, f"{at}/{name}"))

    @property
    def models(self) -> Floats:
        """The parameters that each worker was at in the last round: (R, n_w, d)."""
        return self._models

    @property
    def is_lied_to(self) -> Mask:
        """Which workers took the parameters of one lying server for true: (R, n_w)."""
        lied = np.zeros(self._sources.shape, dtype=bool)
        for at, run in enumerate(self.runs):
            pulled = self._sources[at] >= 0
            lied[at, pulled] = ~run.honest_servers[self._sources[at, pulled]]
        return lied

    def _said(self, run: Replicated, server: Server) -> Floats:
        """Return what each server says to each recipient: (n_ps, K, d); NaN: nothing."""
        recipients = run.protocol.recipients
        said = np.repeat(server.parameters[:, None], recipients, axis=1)
        if run.server_threats is None:
            return said
        rows = said.reshape(len(said), -1)
        delivery = run.server_threats.apply(rows, round_number=self.round, parts=recipients)
        told: Floats = delivery.updates.reshape(said.shape).astype(np.float32, copy=False)
        return told

    def _found(self, heard: Sequence[Floats]) -> tuple[Floats, Floats]:
        """Let workers pull parameters and find updates: (R, n_w, d), and who was refused (R,)."""
        everybody = range(len(self._locals[0]))
        places = [
            [self._next(at, worker, heard[at], 0) for worker in everybody]
            for at in range(len(self.runs))
        ]
        updates = self._estimate(self._models, self.round, 0)
        self._settle(updates)
        asked, refused = np.zeros((2, len(self.runs)))
        doubting = [
            (at, worker)
            for at, run in enumerate(self.runs)
            if run.protocol.filters and not run.protocol.gathers(self.round)
            for worker in everybody
        ]
        for attempt in range(1, 1 + max(run.protocol.tries for run in self.runs)):
            np.add.at(asked, np.array([at for at, _ in doubting], dtype=int), 1)
            doubting = [one for one in doubting if not self._believes(*one, updates[one])]
            np.add.at(refused, np.array([at for at, _ in doubting], dtype=int), 1)
            if not doubting:
                break
            for at, worker in doubting:
                place = self._next(at, worker, heard[at], places[at][worker] + 1)
                places[at][worker] = place
            anew = self._estimate(self._models, self.round, attempt)
            for one in doubting:
                updates[one] = anew[one]
        with np.errstate(invalid="ignore"):
            return updates, (refused / asked).astype(np.float32)

    def _settle(self, updates: Floats) -> None:
        """Let workers who have gathered remember where they are: that is beyond doubt."""
        for at, run in enumerate(self.runs):
            if run.protocol.filters and run.protocol.gathers(self.round):
                self._locals[at] = [
                    Local(model.copy(), update, () if local is None else local.coefficients)
                    if np.isfinite(update).all()
                    else local
                    for model, update, local in zip(
                        self._models[at], updates[at], self._locals[at], strict=True
                    )
                ]

    def _next(self, at: int, worker: int, heard: Floats, first: int) -> int:
        """Take a worker to the parameters of the next server that it has no doubts about."""
        protocol = self.runs[at].protocol
        self._sources[at, worker] = -1
        if protocol.gathers(self.round):
            self._models[at, worker] = contracted(heard[:, worker], protocol.contraction)
            return 0
        order = protocol.order(self.round)[worker]
        for place in range(first, len(order)):
            model = heard[order[place], worker]
            if np.isfinite(model).all() and self._is_near(at, worker, model):
                self._models[at, worker] = model
                self._sources[at, worker] = order[place]
                return place
        local = self._locals[at][worker]
        if local is not None:
            self._models[at, worker] = local.guess(self._rate(at))
        return len(order)

    def _is_near(self, at: int, worker: int, model: Floats) -> bool:
        protocol, local = self.runs[at].protocol, self._locals[at][worker]
        if not protocol.filters or local is None:
            return True
        steps = reach(protocol.period, self.round + 1, protocol.contributors, protocol.f)
        return local.is_near(model, self._rate(at), steps)

    def _believes(self, at: int, worker: int, gradient: Floats) -> bool:
        """Let a worker look at what it found, and remember it."""
        if not np.isfinite(gradient).all():  # it says nothing of the server
            return True
        protocol, local = self.runs[at].protocol, self._locals[at][worker]
        model = self._models[at, worker].copy()
        if local is None:  # it has never gathered
            self._locals[at][worker] = Local(model, gradient)
            return True
        found = local.coefficient(gradient, self._rate(at))
        share = (protocol.servers - protocol.server_f) / protocol.servers
        if not local.is_smooth(found, share):
            self._locals[at][worker] = local.then(local.model, local.gradient, found)
            return False
        self._locals[at][worker] = local.then(model, gradient, found)
        return True

    def _rate(self, at: int) -> float:
        return self.servers[at].rate

    def _contract(self, run: Replicated, server: Server, heard: Floats) -> None:
        """Bring the servers of a run together."""
        protocol = run.protocol
        came = protocol.servers_heard(run.seed, self.round)
        models: Any = [
            contracted(heard[came[one], protocol.contributors + one], protocol.contraction)
            for one in range(protocol.servers)
        ]
        server.parameters = np.stack(models).astype(np.float32, copy=False)

    def _move(self, run: Replicated, server: Server, sent: Floats, came: Integers) -> None:
        """Let each server combine the updates that came to it first, and follow.

        Raises:
            CannotGoOn: fewer have come than servers wait for.
        """
        least = run.protocol.waits_for
        if len(came) < least:
            raise CannotGoOn(
                f"round {self.round} cannot be finished: servers wait for {least} updates, and "
                f"{len(came)} have come"
            )
        answers = []
        for one, first in enumerate(run.protocol.updates_heard(run.seed, self.round)):
            present = np.isin(first, came)
            others = np.setdiff1d(came, first)[: least - np.count_nonzero(present)]
            rows = np.sort(np.concatenate([first[present], others]))
            heard = sent[rows].astype(np.float32, copy=False)
            answers.append(server.rules.aggregate(one, heard, rows).aggregate)
        aggregates = np.stack(answers)
        server.step(aggregates)
        server.close(aggregates, ride=False)
