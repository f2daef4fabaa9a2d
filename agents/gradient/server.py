"""The server: it aggregates what contributors send, and moves the parameters along it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.gradient.architecture import Parameters
from rallypoint.agents.gradient.optimisers import Adam, Moments, Optimiser
from rallypoint.agents.gradient.parts import Judged, Part, Received, rows_by_part
from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.agents.gradient.riders import Rider
from rallypoint.agents.gradient.riders.riding import Riding
from rallypoint.batch_env import Mask, Snapshot
from rallypoint.draws import stream
from rallypoint.errors import Diverged, InvalidConfig, InvalidUpdates, TooManyByzantine
from rallypoint.safety.aggregation import Aggregator, Context, Explanation

# From here on float32 counts by ones no more; a weight of this size saturates all it meets.
_LARGEST = 2.0**24


@dataclass(frozen=True, kw_only=True)
class Pace:
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
        self.time = 0  # aggregates followed
        self._rounds = 0  # of them, those in which riders moved
        self._steps = np.zeros(len(parameters), dtype=np.int64)  # of the optimiser, by run
        self.share = 0.0  # of the training that is done, as whoever trains says
        self._aggregators = tuple(aggregators)
        self._f = f
        self.seeds = tuple(seeds)
        self._optimiser = Adam() if optimiser is None else optimiser
        self._pace = Pace() if pace is None else pace
        sizes = None if layout is None else (*layout, *(rider.size for rider in riders))
        whole = Part((slice(0, self.parameters.shape[1]),), sizes)
        self.parts = tuple(parts) or (whole,)
        self._trusted = trusted
        self._moments: Moments = self._optimiser.init(parameters)
        self._previous = np.zeros_like(self.parameters)  # aggregates

    @property
    def rate(self) -> float:
        """The learning rate now."""
        return self._pace.at(self.share)

    @property
    def weights(self) -> Parameters:
        """The parameters without riders: (R, d)."""
        return self.parameters[:, : self.riding.num_weights]

    def context(
        self,
        run: int,
        rows: NDArray[np.int64],
        part: Part,
        *,
        purpose: str = "server",
        batch: int | None = None,
    ) -> Context:
        """Return what a run's aggregator may need, about the contributors that are present.

        Args:
            run: which.
            rows: (m,) the contributors, by index.
            part: of the model, that they are to be asked about.
            purpose: of the draws; whoever asks the rule beforehand must not see the server's.
            batch: episodes that the server asked for, where it decides that anew each round.
        """
        trusted = None
        if self._trusted is not None:
            trusted = np.flatnonzero(np.isin(rows, self._trusted)).tolist() or None
        rng = None
        if "rng" in self._aggregators[run].needs:
            rng = stream(self.seeds[run], "aggregation", purpose, self.time, *part.path)
        return Context(
            rng=rng,
            previous=part.of(self._previous[run]),
            layout=part.layout,
            trusted=trusted,
            extra={} if batch is None else {"batch": batch},
        )

    def aggregate(
        self,
        run: int,
        updates: Floats,
        rows: NDArray[np.int64],
        *,
        explain: bool = False,
        batch: int | None = None,
        speaks_of: Mask | None = None,
    ) -> Received:
        """Combine one run's updates (m, D) of the contributors that are present, part by part.

        What nobody speaks of stays 0, which asks for nothing. ``speaks_of`` (m, parts) says who
        speaks of which; all of all, if not given.

        Raises:
            TooManyByzantine: too few are left to tolerate f.
            InvalidUpdates: more than f of them are not finite.
            Diverged: none is.
        """
        found = np.zeros(updates.shape[1], dtype=updates.dtype)
        judged = []
        for part, mine in rows_by_part(self.parts, len(rows), speaks_of):
            context = self.context(run, rows[mine], part, batch=batch)
            answer = self._judged(run, part, part.of(updates)[mine], context, explain=explain)
            part.put(found, answer[0])
            judged.append(Judged(mine, *answer))
        return Received(found, tuple(judged))

    def _judged(
        self, run: int, part: Part, updates: Floats, context: Context, *, explain: bool
    ) -> tuple[Floats, Explanation | None]:
        rule = self._aggregators[run]
        if not len(updates):
            return np.zeros(updates.shape[1], dtype=updates.dtype), None
        try:
            if explain:
                return rule.aggregate_and_explain(updates, self._f, context=context)
            return rule(updates, self._f, context=context), None
        except TooManyByzantine as error:
            raise TooManyByzantine(f"{part.said}{error}") from error
        except InvalidUpdates as error:
            if np.isfinite(updates).all(axis=1).any():
                raise InvalidUpdates(f"{part.said}{error}") from error
            raise Diverged(
                f"{part.said}after {self.time} steps no contributor's update is finite any more: "
                "either rewards are no numbers, or the loss went off; take a smaller learning "
                "rate, or shorten gradients by max_norm"
            ) from error

    def explained(
        self, run: int, updates: Floats, rows: NDArray[np.int64], *, batch: int | None = None
    ) -> Explanation:
        """Say whom a run's rule believes among updates (m, D) of one part, if it is asked now."""
        rule, (part,) = self._aggregators[run], self.parts
        return rule.explain(updates, self._f, context=self.context(run, rows, part, batch=batch))

    def asked(
        self,
        run: int,
        rows: NDArray[np.int64],
        *,
        batch: int | None = None,
        speaks_of: Mask | None = None,
    ) -> Callable[[Floats], Floats]:
        """Return a run's rule as whoever lies to it may try it: with draws that are not its own."""
        rule = self._aggregators[run]
        asked = []
        for part, mine in rows_by_part(self.parts, len(rows), speaks_of):
            context = self.context(run, rows[mine], part, purpose="asked", batch=batch)
            asked.append((part, mine, context))

        def tried(updates: Floats) -> Floats:
            found = np.zeros(updates.shape[1], dtype=updates.dtype)
            for part, mine, context in asked:
                own = part.of(updates)[mine]
                if len(own):
                    part.put(found, rule(own, self._f, context=context))
            return found

        return tried

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
        self._previous = aggregates
        self.time += 1

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
            "previous": self._previous.copy(),
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
        self._previous = snapshot["previous"].copy()
        self.time = int(snapshot["time"])
        self._rounds = int(snapshot["rounds"])
        self._steps = snapshot["steps"].copy()
        self._moments = {name: snapshot[f"moments/{name}"].copy() for name in self._moments}
