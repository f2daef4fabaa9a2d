"""The aggregators of a server, and what they are told when they are asked."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.gradient.parts import Judged, Part, Received, rows_by_part
from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.batch_env import Mask
from rallypoint.draws import stream
from rallypoint.errors import Diverged, InvalidConfig, InvalidUpdates, TooManyByzantine
from rallypoint.safety.aggregation import Aggregator, Context, Explanation

_SUPPLIED = frozenset({"rng", "previous", "layout"})  # of what rules may need


def rule_for_training(name: str) -> Aggregator:
    """Return the aggregator of a name, for contributors of whom nobody is known to be honest.

    Raises:
        InvalidConfig: it needs what nobody has in a training.
        RallypointError: there is no such aggregator.
    """
    aggregator = Aggregator.parse(name)
    if wanting := sorted(aggregator.needs - _SUPPLIED):
        raise InvalidConfig(
            f"{name} needs {', '.join(wanting)}, which nobody has in a training; take "
            "geometric_median, or another rule that does not, or ask it by aggregate() in rounds "
            "of your own"
        )
    return aggregator


class Rules:
    """One aggregator for each of R runs, asked about one part of the model after another."""

    def __init__(
        self,
        aggregators: Sequence[Aggregator],
        *,
        f: int,
        seeds: Sequence[int],
        parts: Sequence[Part],
        previous: Floats,
        trusted: Sequence[int] | None = None,
    ) -> None:
        """Ask these.

        Args:
            aggregators: one for each run.
            f: how many Byzantine contributors they are to tolerate.
            seeds: of each run, for aggregators that draw.
            parts: of the model, of which each is aggregated by itself.
            previous: (R, D) what was followed last, before the first.
            trusted: contributors known to be honest, for aggregators that need some.
        """
        self.parts = tuple(parts)
        self.seeds = tuple(seeds)
        self.time = 0  # aggregates followed
        self.previous = previous  # of them, the last
        self._aggregators = tuple(aggregators)
        self._f = f
        self._trusted = trusted

    def follow(self, aggregates: Floats) -> None:
        """Take note that the server has followed aggregates (R, D)."""
        self.previous = aggregates
        self.time += 1

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
            previous=part.of(self.previous[run]),
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

    def explained(self, run: int, updates: Floats, rows: NDArray[np.int64]) -> Explanation:
        """Say whom a run's rule believes among updates (m, D) of one part, if it is asked now."""
        rule, (part,) = self._aggregators[run], self.parts
        return rule.explain(updates, self._f, context=self.context(run, rows, part))

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
