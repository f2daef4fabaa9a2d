"""Asynchronous rounds with one server to a run, for R runs side by side; delays say what comes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from rallypoint.agents.gradient.server import Server
from rallypoint.agents.rounds.delays import KEPT, Arrivals, Coming, Delays
from rallypoint.agents.rounds.filters.versions import Versions
from rallypoint.agents.rounds.protocols import (
    Arrived,
    Combine,
    Floats,
    Follow,
    Integers,
    Lost,
    Moved,
    Order,
    Stop,
    Work,
)
from rallypoint.agents.rounds.protocols.asynchronous import Asynchronous
from rallypoint.batch_env import Mask, Snapshot
from rallypoint.errors import Diverged, InvalidConfig
from rallypoint.safety.enforcement.nested import nested, part_of
from rallypoint.safety.updates import UpdateThreats

# Parameters (k, d), the number of the event, which k runs, and whose: updates (k, d).
Estimate = Callable[[Floats, int, Integers, Integers], Floats]
Ahead = Callable[[int, int, Floats], None]  # which run, whose update, and parameters (d,)


@dataclass(frozen=True, kw_only=True)
class Lane:
    """One run: its protocol, its delays, and who lies in it."""

    protocol: Asynchronous[Any]
    contributors: int  # n
    delays: Delays
    seed: int
    threats: UpdateThreats | None = None


class Event(NamedTuple):
    """One update of each run that goes on, and what became of it."""

    contributors: Integers  # (R,) whose; -1 where a run has stopped
    staleness: Integers  # (R,) versions between the one it was found on and the current one
    lied: Mask  # (R,) whether it is another than its contributor found
    moved: Mask  # (R,) whether the server has moved because of it
    lost: Mask  # (R,) whether it will not come


@dataclass(eq=False)
class _Standing:
    """Where a run stands."""

    lane: Lane
    state: Any
    arrivals: Arrivals
    versions: Versions
    stopped: str | None = None
    came: int = 0
    orders: list[Order] = field(default_factory=list)
    unsent: list[Work] = field(default_factory=list)  # of the beginning


class Simulation:
    """Asynchronous rounds of R runs: in every event one update of each arrives at its server."""

    def __init__(
        self,
        lanes: Sequence[Lane],
        server: Server,
        estimate: Estimate,
        *,
        keep: int = KEPT,
        ahead: Ahead | None = None,
        arrivals: Sequence[Arrivals] | None = None,
    ) -> None:
        """Begin.

        Args:
            lanes: R runs.
            server: of R runs, with the parameters to start from.
            estimate: finds updates, when they are there.
            keep: versions of the parameters that are remembered; older ones cannot be found on.
            ahead: told of every update that is ordered, and at which parameters, as soon as it is.
            arrivals: of each run, where they are not what the lane's delays simulate.

        Raises:
            TooManyByzantine: a protocol that cannot tolerate so many.
        """
        if len(lanes) != len(server.parameters):
            raise InvalidConfig(f"there are {len(lanes)} lanes for {len(server.parameters)} runs")
        self.server = server
        self.events = 0
        self._estimate = estimate
        self._ahead = ahead
        self._keep = keep
        self._previous = np.zeros_like(server.parameters)
        self._standing = []
        for row, lane in enumerate(lanes):
            start = server.parameters[row].copy()
            state, orders = lane.protocol.begin(lane.contributors, parameters=start[None])
            comes = (
                lane.delays.of(lane.contributors, lane.seed) if arrivals is None else arrivals[row]
            )
            standing = _Standing(lane, state, comes, Versions(0, (start,)))
            standing.unsent = [order for order in orders if isinstance(order, Work)]
            self._standing.append(standing)

    @property
    def versions(self) -> Integers:
        """How often each server has moved: (R,)."""
        return np.array([standing.versions.current for standing in self._standing])

    @property
    def stopped(self) -> list[str | None]:
        """Why each run has stopped, if it has: (R,)."""
        return [standing.stopped for standing in self._standing]

    def tallies(self) -> list[dict[str, int]]:
        """Return what each protocol has counted."""
        return [dict(s.lane.protocol.tally(s.state)) for s in self._standing]

    def snapshot(self) -> Snapshot:
        """Return everything needed to go on; where delays are real, not what is on its way."""
        self._send()
        own: Snapshot = nested("server", self.server.snapshot()) | {
            "events": np.array(self.events),
            "previous": self._previous.copy(),
        }
        for run, each in enumerate(self._standing):
            own |= nested(f"{run}/protocol", each.lane.protocol.snapshot(each.state))
            own |= nested(f"{run}/arrivals", each.arrivals.snapshot())
            own[f"{run}/came"] = np.array(each.came)
            own[f"{run}/version"] = np.array(each.versions.current)
            own[f"{run}/kept"] = np.stack(each.versions.kept)
            if each.lane.threats is not None:
                own |= nested(f"{run}/threats", each.lane.threats.snapshot())
        return own

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of the same lanes."""
        self.server.restore(part_of(snapshot, "server"))
        self.events, self._previous = int(snapshot["events"]), snapshot["previous"].copy()
        for run, each in enumerate(self._standing):
            each.arrivals.restore(part_of(snapshot, f"{run}/arrivals"))
            each.came = int(snapshot[f"{run}/came"])
            kept = tuple(snapshot[f"{run}/kept"].copy())
            each.versions = Versions(int(snapshot[f"{run}/version"]), kept)
            if each.lane.threats is not None:
                each.lane.threats.restore(part_of(snapshot, f"{run}/threats"))
            protocol = each.lane.protocol
            each.state, orders = protocol.restore(part_of(snapshot, f"{run}/protocol"))
            anew = () if each.arrivals.remembers_orders else orders
            each.unsent = [order for order in anew if isinstance(order, Work)]

    def step(self) -> Event:
        """Let one update of each run arrive, or be lost."""
        self._send()
        runs = [r for r, each in enumerate(self._standing) if each.stopped is None]
        event = Event(
            *np.full((2, len(self._standing)), -1),
            *np.zeros((3, len(self._standing)), dtype=bool),
        )
        if not runs:
            return event
        coming = {run: self._next(self._standing[run]) for run in runs}
        self._take([run for run in runs if coming[run].loss is None], coming, event)
        for run in runs:
            contributor, version, loss = coming[run]
            standing = self._standing[run]
            event.contributors[run] = contributor
            event.staleness[run] = standing.versions.current - version
            if loss is not None:
                event.lost[run] = True
                self._tell(standing, Lost(version, np.array([contributor]), *loss))
        self._move(event)
        self.events += 1
        return event

    def _take(self, runs: list[int], coming: Mapping[int, Coming], event: Event) -> None:
        """Find the updates that have come, and tell of them."""
        if not runs:
            return
        points = np.stack([self._point(self._standing[run], coming[run]) for run in runs])
        whose = np.array([coming[run].contributor for run in runs])
        found = self._estimate(points, self.events, np.array(runs), whose)
        for run, update, contributor in zip(runs, found, whose.tolist(), strict=True):
            standing = self._standing[run]
            told = self._lied(standing, update, contributor)
            event.lied[run] = not np.array_equal(told, update, equal_nan=True)
            self._tell(
                standing,
                Arrived(
                    coming[run].version,
                    np.array([contributor]),
                    told[None],
                    np.ones(1, dtype=bool),
                ),
            )
            standing.came += 1

    def _send(self) -> None:
        """Order what was to be ordered at the beginning."""
        for standing in self._standing:
            orders, standing.unsent = standing.unsent, []
            self._carry_out(standing, orders)

    def _next(self, standing: _Standing) -> Coming:
        coming = standing.arrivals.next(standing.versions.current)
        if standing.lane.delays.are_real:
            return coming
        return coming._replace(version=max(coming.version, standing.versions.oldest))

    def _point(self, standing: _Standing, coming: Coming) -> Floats:
        """Return the parameters that an update was found at, or the nearest that are known."""
        versions = standing.versions
        point: Floats = versions.of(max(coming.version, versions.oldest))
        return point

    def _lied(self, standing: _Standing, update: Floats, contributor: int) -> Floats:
        threats = standing.lane.threats
        if threats is None:
            return update
        delivery = threats.apply(update[None], round_number=standing.came, members=[contributor])
        told: Floats = delivery.updates[0].astype(np.float32, copy=False)
        return told

    def _tell(self, standing: _Standing, told: Any) -> None:
        standing.state, orders = standing.lane.protocol.tell(standing.state, told)
        self._carry_out(standing, orders)

    def _carry_out(self, standing: _Standing, orders: Sequence[Order]) -> None:
        """Order updates; moves wait until those of all runs are made at once."""
        for order in orders:
            match order:
                case Work(version, contributors):
                    for contributor in contributors.tolist():
                        if self._ahead is not None:
                            run = self._standing.index(standing)
                            self._ahead(run, contributor, standing.versions.of(version))
                        standing.arrivals.order(contributor, version)
                case Stop(reason):
                    standing.stopped = reason
                case _:
                    standing.orders.append(order)

    def _move(self, event: Event) -> None:
        """Make the moves that were ordered, and tell of them."""
        moving = [run for run, each in enumerate(self._standing) if each.orders]
        for run in moving:
            self._previous[run] = self._aggregate(run, self._standing[run].orders.pop())
        if moving:
            try:
                self.server.step(self._previous[moving], np.array(moving))
            except Diverged:
                moving = self._move_alone(moving)
        self.server.close(self._previous.copy(), ride=False)
        for run in moving:
            event.moved[run] = True
            standing = self._standing[run]
            parameters = self.server.parameters[run].copy()
            version = standing.versions.current + 1
            standing.versions = standing.versions.then(version, parameters, keep=self._keep)
            self._tell(standing, Moved(version, parameters[None], opens=True))

    def _move_alone(self, moving: Sequence[int]) -> list[int]:
        """Make moves one by one, and stop the runs whose parameters are finite no more."""
        kept = []
        for run in moving:
            try:
                self.server.step(self._previous[[run]], np.array([run]))
            except Diverged as error:
                self._standing[run].stopped = str(error)
            else:
                kept.append(run)
        return kept

    def _aggregate(self, run: int, order: Order) -> Floats:
        match order:
            case Follow(aggregate=aggregate):
                followed: Floats = aggregate[0]
                return followed
            case Combine(contributors=contributors, updates=updates, weights=weights):
                if weights is not None:
                    updates = updates * weights[:, None]
                found: Floats = self.server.rules.aggregate(run, updates, contributors).aggregate
                return found
        raise InvalidConfig(f"delays are simulated for updates that move servers, not {order}")
