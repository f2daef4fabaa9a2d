"""The server: it moves the parameters along what its rules make of contributors' updates."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.gradient.architecture import Parameters
from rallypoint.agents.gradient.optimisers import Adam, Moments, Optimiser
from rallypoint.agents.gradient.parts import Part
from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.agents.gradient.riders import Rider
from rallypoint.agents.gradient.riders.riding import Riding
from rallypoint.agents.gradient.rules import Rules
from rallypoint.batch_env import Mask, Snapshot
from rallypoint.config import Config
from rallypoint.errors import Diverged, InvalidConfig
from rallypoint.safety.aggregation import Aggregator

# From here on float32 counts by ones no more; a weight of this size saturates all it meets.
_LARGEST = 2.0**24


@dataclass(frozen=True, kw_only=True)
class Pace(Config):
    """The learning rate, from the start of the training to its end."""

    rate: float = 1e-3  # at the start
    final: float | None = None  # at the end, reached in a straight line; None: constant

    def __post_init__(self) -> None:
        """Refuse rates that cannot be.

        Raises:
            InvalidConfig: says what must hold.
        """
        if self.rate < 0 or (self.final is not None and self.final < 0):
            raise InvalidConfig(f"a learning rate is >= 0, got {self.rate} and {self.final}")

    def at(self, share: float) -> float:
        """Return the rate when this share of the training is done."""
        if self.final is None:
            return self.rate
        return self.rate + (self.final - self.rate) * min(1.0, share)


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
        riders: Sequence[Rider] = (),
        parts: Sequence[Part] = (),
    ) -> None:
        """Start from some parameters.

        Args:
            parameters: (R, d) weights.
            aggregators: one for each run.
            f: how many Byzantine contributors they are to tolerate.
            seeds: of each run, for aggregators that draw.
            optimiser: how to descend; Adam if not given.
            pace: how fast.
            layout: sizes of the layers, for aggregators that go layer by layer, if there is one
                part.
            trusted: contributors known to be honest, for aggregators that need some.
            riders: what rides along with the weights.
            parts: of the model, of which each is aggregated by itself; one, if not given.
        """
        self.riding = Riding(riders, parameters.shape[1])
        self.parameters = self.riding.start(parameters)  # (R, D)
        self._rounds = 0  # those in which riders moved
        self._steps = np.zeros(len(parameters), dtype=np.int64)  # of the optimiser, by run
        self.share = 0.0  # of the training that is done, as whoever trains says
        self._optimiser = Adam() if optimiser is None else optimiser
        self._pace = Pace() if pace is None else pace
        sizes = None if layout is None else (*layout, *(rider.size for rider in riders))
        whole = Part((slice(0, self.parameters.shape[1]),), sizes)
        self._moments: Moments = self._optimiser.init(parameters)
        self.rules = Rules(
            aggregators,
            f=f,
            seeds=seeds,
            parts=tuple(parts) or (whole,),
            previous=np.zeros_like(self.parameters),
            trusted=trusted,
        )

    @property
    def time(self) -> int:
        """How many aggregates were followed."""
        return self.rules.time

    @property
    def rate(self) -> float:
        """The learning rate now."""
        return self._pace.at(self.share)

    @property
    def weights(self) -> Parameters:
        """The parameters without riders: (R, d)."""
        return self.parameters[:, : self.riding.num_weights]

    def step(self, updates: Floats, runs: NDArray[np.int64] | None = None) -> None:
        """Descend with the weights alone along updates (R, d), or with those of some runs.

        Raises:
            Diverged: parameters would not be finite any more.
        """
        rows: slice | NDArray[np.int64] = slice(None) if runs is None else runs
        own = {name: part[rows] for name, part in self._moments.items()}
        rate, time = self._pace.at(self.share), self._steps[rows]
        with np.errstate(over="ignore", invalid="ignore"):  # refused below, with what to do
            moved = self._optimiser.step(self.weights[rows], updates, own, rate, time)
        self._check(moved.parameters, np.arange(len(self.parameters))[rows], _LARGEST)
        self._steps[rows] += 1
        if runs is None and not self.riding.size:
            self.parameters, self._moments = moved
            return
        parameters = self.parameters.copy()
        parameters[rows, : self.riding.num_weights] = moved.parameters
        self.parameters = parameters
        for name, part in moved.moments.items():
            self._moments[name][rows] = part

    def close(self, aggregates: Floats, *, ride: bool = True) -> None:
        """Let the riders follow the aggregates (R, D), which are then the previous ones.

        Raises:
            Diverged: their numbers would not be finite any more.
        """
        if ride:
            with np.errstate(over="ignore", invalid="ignore"):  # refused below
                parameters = self.riding.moved(self.parameters, aggregates, self._rounds)
            self._check(parameters, np.arange(len(parameters)), np.inf)
            self.parameters = parameters
            self._rounds += 1
        self.rules.follow(aggregates)

    def _check(self, parameters: Parameters, runs: NDArray[np.int64], least: float) -> None:
        """Refuse parameters from some size on; what is no number has none."""
        largest = np.abs(parameters).max(axis=1, initial=0.0)  # (R,)
        broken: Mask = ~(largest < least)
        if broken.any():
            is_finite = np.isfinite(largest[broken][0])
            found = f"{largest[broken][0]:.0e} in size" if is_finite else "not finite any more"
            raise Diverged(
                f"after {self.time} steps the parameters of run {runs[broken].tolist()} are "
                f"{found}, and nothing is learned; take a smaller learning rate, or clip updates"
            )

    def snapshot(self) -> Snapshot:
        """Return everything needed to go on from here."""
        moments = {f"moments/{name}": part.copy() for name, part in self._moments.items()}
        return moments | {
            "parameters": self.parameters.copy(),
            "previous": self.rules.previous.copy(),
            "time": np.array(self.time),
            "rounds": np.array(self._rounds),
            "steps": self._steps.copy(),
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
        self.rules.previous = snapshot["previous"].copy()
        self.rules.time = int(snapshot["time"])
        self._rounds = int(snapshot["rounds"])
        self._steps = snapshot["steps"].copy()
        self._moments = {name: snapshot[f"moments/{name}"].copy() for name in self._moments}
