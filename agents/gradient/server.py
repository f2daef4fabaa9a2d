"""The server: it aggregates what contributors send, and moves the parameters along it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.gradient.architecture import Parameters
from rallypoint.agents.gradient.optimisers import Adam, Moments, Optimiser
from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.batch_env import Mask, Snapshot
from rallypoint.draws import stream
from rallypoint.errors import Diverged, InvalidConfig
from rallypoint.safety.aggregation import Aggregator, Context, Explanation


@dataclass(frozen=True, kw_only=True)
class Pace:
    """The learning rate, step by step."""

    rate: float = 1e-3  # at the start
    final: float | None = None  # at the end, reached in a straight line; None: constant
    steps: int | None = None  # of the server, until the end

    def __post_init__(self) -> None:
        """Refuse rates that cannot be.

        Raises:
            InvalidConfig: says what must hold.
        """
        if self.rate < 0 or (self.final is not None and self.final < 0):
            raise InvalidConfig(f"a learning rate is >= 0, got {self.rate} and {self.final}")
        if self.final is not None and not self.steps:
            raise InvalidConfig("a rate that falls needs the number of steps until it is final")

    def at(self, time: int) -> float:
        """Return the rate after so many steps."""
        if self.final is None or not self.steps:
            return self.rate
        return self.rate + (self.final - self.rate) * min(1.0, time / self.steps)


class Received(NamedTuple):
    """What a server made of one run's updates."""

    aggregate: Floats  # (d,)
    explanation: Explanation | None  # of those present, where it was asked for


class Server:
    """Parameters of R runs, each with its own aggregator, and what the optimiser remembers."""

    def __init__(
        self,
        parameters: Parameters,
        aggregators: Sequence[Aggregator],
        *,
        f: int,
        seeds: Sequence[int],
        optimiser: Optimiser | None = None,
        pace: Pace | None = None,
        layout: Sequence[int] | None = None,
        trusted: Sequence[int] | None = None,
    ) -> None:
        """Start from some parameters.

        Args:
            parameters: (R, d).
            aggregators: one for each run.
            f: how many Byzantine contributors they are to tolerate.
            seeds: of each run, for aggregators that draw.
            optimiser: how to descend; Adam if not given.
            pace: how fast.
            layout: sizes of the layers, for aggregators that go layer by layer.
            trusted: contributors known to be honest, for aggregators that need some.
        """
        self.parameters = parameters
        self.time = 0  # steps taken
        self._aggregators = tuple(aggregators)
        self._f = f
        self._seeds = tuple(seeds)
        self._optimiser = Adam() if optimiser is None else optimiser
        self._pace = Pace() if pace is None else pace
        self._layout = layout
        self._trusted = trusted
        self._moments: Moments = self._optimiser.init(parameters)
        self._previous = np.zeros_like(parameters)  # aggregates

    def context(self, run: int, rows: NDArray[np.int64], *, purpose: str = "server") -> Context:
        """Return what a run's aggregator may need, about the contributors that are present.

        Args:
            run: which.
            rows: (m,) the contributors, by index.
            purpose: of the draws; whoever asks the rule beforehand must not see the server's.
        """
        trusted = None
        if self._trusted is not None:
            trusted = np.flatnonzero(np.isin(rows, self._trusted)).tolist() or None
        draws = "rng" in self._aggregators[run].needs
        return Context(
            rng=stream(self._seeds[run], "aggregation", purpose, self.time) if draws else None,
            previous=self._previous[run],
            layout=self._layout,
            trusted=trusted,
        )

    def aggregate(
        self, run: int, updates: Floats, rows: NDArray[np.int64], *, explain: bool = False
    ) -> Received:
        """Combine one run's updates (m, d) of the contributors that are present.

        Raises:
            TooManyByzantine: too few are left to tolerate f.
            InvalidUpdates: more than f of them are not finite.
        """
        rule = self._aggregators[run]
        found = rule(updates, self._f, context=self.context(run, rows))
        told = None
        if explain:
            told = rule.explain(updates, self._f, context=self.context(run, rows))
        return Received(found, told)

    def asked(self, run: int, rows: NDArray[np.int64]) -> Callable[[Floats], Floats]:
        """Return a run's rule as whoever lies to it may try it: with draws that are not its own."""
        rule, context = self._aggregators[run], self.context(run, rows, purpose="asked")
        return lambda updates: rule(updates, self._f, context=context)

    def move(self, aggregates: Floats) -> None:
        """Descend along the aggregates (R, d).

        Raises:
            Diverged: parameters would not be finite any more.
        """
        with np.errstate(over="ignore", invalid="ignore"):  # refused below, with what to do
            moved = self._optimiser.step(
                self.parameters, aggregates, self._moments, self._pace.at(self.time), self.time
            )
        broken: Mask = ~np.all(np.isfinite(moved.parameters), axis=1)
        if broken.any():
            raise Diverged(
                f"after {self.time} steps the parameters of run {np.flatnonzero(broken).tolist()} "
                "are not finite any more; take a smaller learning rate, or clip updates"
            )
        self.parameters, self._moments = moved
        self._previous = aggregates
        self.time += 1

    def snapshot(self) -> Snapshot:
        """Return everything needed to go on from here."""
        moments = {f"moments/{name}": part.copy() for name, part in self._moments.items()}
        return moments | {
            "parameters": self.parameters.copy(),
            "previous": self._previous.copy(),
            "time": np.array(self.time),
        }

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of a server of the same shape.

        Raises:
            InvalidConfig: it is of another, and nothing is changed.
        """
        own = self.snapshot()
        shapes = {name: part.shape for name, part in own.items()}
        if {name: part.shape for name, part in snapshot.items()} != shapes:
            raise InvalidConfig("the snapshot is of a server with other runs, layers or optimiser")
        self.parameters = snapshot["parameters"].copy()
        self._previous = snapshot["previous"].copy()
        self.time = int(snapshot["time"])
        self._moments = {name: snapshot[f"moments/{name}"].copy() for name in self._moments}
