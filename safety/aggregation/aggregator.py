"""Aggregating: a chain of parts, made ready once and called on the updates of every round."""

import operator
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from rallypoint.errors import InvalidConfig, InvalidUpdates
from rallypoint.safety.aggregation.beside import fitting, sizes_of, with_vectors
from rallypoint.safety.aggregation.decisions import check_bound, check_needs
from rallypoint.safety.aggregation.explanation import Explanation, mean_of_layers
from rallypoint.safety.aggregation.names import parse
from rallypoint.safety.aggregation.opening import opened
from rallypoint.safety.aggregation.parts import (
    Context,
    CoordinateRule,
    Mixing,
    Need,
    Part,
    from_constant,
)
from rallypoint.safety.aggregation.rounds import Round
from rallypoint.safety.aggregation.rules.per_layer import PerLayer
from rallypoint.safety.aggregation.updates import Updates

_NO_CONTEXT = Context()
_VECTORS = frozenset({"root", "previous"})  # (d,) of a context


@dataclass(frozen=True)
class Aggregator:
    """A chain of mixings that ends in a rule, and what is known about the whole.

    >>> krum = Aggregator.parse("nnm+krum", variant="nf")
    >>> krum.bound
    'n >= 2 f + 1 (nnm), n >= 2 f + 3 (krum)'
    >>> krum(np.array([[0.0], [1.0], [2.0], [3.0], [900.0]]), f=1)
    array([1.5])
    """

    name: str
    parts: tuple[Part, ...]

    @classmethod
    def parse(cls, name: str, **parameters: Any) -> "Aggregator":
        """Return the aggregator of a name such as ``bucketing(size=2)+krum``.

        Args:
            name: parts joined by +, a rule last; ``per_layer`` may come first.
            parameters: of the last part.

        Raises:
            InvalidConfig: not a chain, or a parameter that its part does not have.
            UnknownName: a part that does not exist; names the nearest.
        """
        return cls(name, parse(name, parameters))

    @property
    def needs(self) -> frozenset[Need]:
        """What its parts need of the context."""
        return frozenset[Need]().union(*(part.needs for part in self.parts))

    @property
    def bound(self) -> str:
        """How many contributors it takes to tolerate f of them, part by part."""
        return ", ".join(f"{part.bound} ({part.name})" for part in self.parts)

    @property
    def cost(self) -> str:
        """What its parts cost; all share one Gram."""
        return ", ".join(f"{part.cost} ({part.name})" for part in self.parts)

    @property
    def chain(self) -> tuple[Part, ...]:
        """The parts that see updates."""
        return self.parts[self.is_per_layer :]

    @property
    def is_per_layer(self) -> bool:
        """Whether every layer is aggregated alone."""
        return isinstance(self.parts[0], PerLayer)

    @cached_property
    def _reads(self) -> frozenset[str]:
        """Which vectors its parts read beside updates, or stay where too little arrives."""
        rule = self.parts[-1]
        stays = {"previous"} if isinstance(rule, CoordinateRule) and rule.skips_nan else set()
        return _VECTORS & stays.union(*({*part.needs, *part.anchors} for part in self.parts))

    def check(self, n: int, f: int) -> None:
        """Refuse an f that a part does not tolerate among the updates that come into it.

        Raises:
            InvalidConfig: no number of contributors.
            TooManyByzantine: says the bound, n and f, and what would do.
        """
        _check_f(n, f)
        for part in self.chain:
            check_bound(part, n, f)
            if isinstance(part, Mixing):
                n = part.outgoing(n, f)

    def robustness(self, n: int, f: int) -> float | None:
        """Return kappa, where |F - mean(S)|² <= kappa var(S) for any n - f honest S; None: unknown.

        Raises:
            TooManyByzantine: it does not tolerate f.
        """
        self.check(n, f)
        *mixings, rule = self.chain
        sizes = [n]
        for part in mixings:
            assert isinstance(part, Mixing)
            sizes.append(part.outgoing(sizes[-1], f))
        kappa = rule.robustness(sizes[-1], f)
        for part, size in zip(reversed(mixings), reversed(sizes[:-1]), strict=True):
            assert isinstance(part, Mixing)
            kappa = part.robustness_with(kappa, size, f)
        return kappa

    def largest_spread(self, n: int, f: int) -> float | None:
        """Return how far honest updates may spread for it to be proved to go along their mean.

        The root of their summed variance, for their mean's length; see ``Part.largest_spread``.

        Raises:
            TooManyByzantine: it does not tolerate f.
        """
        kappa = self.robustness(n, f)
        return from_constant(kappa) if len(self.parts) > 1 else self.parts[0].largest_spread(n, f)

    def __call__(self, updates: Any, f: int, *, context: Context = _NO_CONTEXT) -> Any:
        """Aggregate updates (n, d) of which up to f are lies: (d,). See ``aggregate``."""
        source, f, context = self._ready(updates, f, context)
        if not self.is_per_layer:
            return Round(self.chain, source, f, context).aggregate()
        rounds = self._layers(source, f, context)
        return source.joined(layer.aggregate() for layer in rounds)

    def explain(self, updates: Any, f: int, *, context: Context = _NO_CONTEXT) -> Explanation:
        """Say what the aggregate of the same arguments is made of. See ``explain``."""
        source, f, context = self._ready(updates, f, context)
        if not self.is_per_layer:
            return Round(self.chain, source, f, context).explain()
        rounds = self._layers(source, f, context)
        return mean_of_layers([layer.explain() for layer in rounds])

    def aggregate_and_explain(
        self, updates: Any, f: int, *, context: Context = _NO_CONTEXT
    ) -> tuple[Any, Explanation]:
        """Return both, for little more than one: updates are compared once."""
        source, f, context = self._ready(updates, f, context)
        if not self.is_per_layer:
            return Round(self.chain, source, f, context).aggregate_and_explain()
        layers = [layer.aggregate_and_explain() for layer in self._layers(source, f, context)]
        return source.joined(row for row, _ in layers), mean_of_layers([told for _, told in layers])

    def _ready(self, updates: Any, f: int, context: Context) -> tuple[Updates, int, Context]:
        source = opened(updates)
        f = _as_f(f)
        self.check(source.n, f)
        context = with_vectors(fitting(context, source.n), self._reads, source)
        for part in self.parts:
            check_needs(part, context)
        return source, f, context

    def _layers(self, source: Updates, f: int, context: Context) -> Iterator[Round]:
        sizes = sizes_of(context.layout, source.columns())
        ends = np.cumsum([0, *sizes])
        for (start, end), layer in zip(pairwise(ends), source.layers(sizes), strict=True):
            root, previous = (
                None if whole is None else whole[start:end]
                for whole in (context.root, context.previous)
            )
            yield Round(self.chain, layer, f, replace(context, root=root, previous=previous))


def aggregate(
    name: str, updates: Any, f: int, *, context: Context = _NO_CONTEXT, **parameters: Any
) -> Any:
    """Combine updates of which up to f are lies.

    >>> aggregate("trimmed_mean", np.array([[1.0], [2.0], [3.0], [900.0]]), f=1)
    array([2.5])

    Args:
        name: a rule, or a chain such as ``nnm+krum`` or ``bucketing(size=2)+krum``.
        updates: (n, d), an array or a torch tensor of float16, float32, float64 or bfloat16; or
            blocks of its columns, (n, b) each, as a list or as a function that returns a new
            iterator over them. They are never written to.
        f: how many contributors may be Byzantine.
        context: what else the rule needs.
        parameters: of the last part of the chain.

    Returns:
        The aggregate (d,), of the type, dtype and device of the updates.

    Updates that are not finite, and those so far off that squares overflow, leave before anything
    is compared; k of them count against f, and the rule runs on the others with f - k.

    Raises:
        TooManyByzantine: the rule does not tolerate f among n; says the bound.
        InvalidUpdates: wrong shape or dtype, or more than f updates that are not finite.
        InvalidConfig: an unknown parameter, a malformed name, or a need that is not given.
        UnknownName: no such rule; names the nearest.
    """
    return Aggregator.parse(name, **parameters)(updates, f, context=context)


def explain(
    name: str, updates: Any, f: int, *, context: Context = _NO_CONTEXT, **parameters: Any
) -> Explanation:
    """Say what ``aggregate`` of the same arguments is made of: who was believed, and how much.

    A rule that draws gives the same answer only with a generator in the same state.

    Raises:
        RallypointError: as ``aggregate`` does.
    """
    return Aggregator.parse(name, **parameters).explain(updates, f, context=context)


def _as_f(f: Any) -> int:
    if isinstance(f, bool | np.bool_):
        raise InvalidConfig(f"f is a number of contributors, got {f!r}")
    try:
        return operator.index(f)
    except TypeError:
        raise InvalidConfig(f"f is a number of contributors, got {f!r}") from None


def _check_f(n: int, f: int) -> None:
    if n < 1:
        raise InvalidUpdates(f"there must be at least one update, got n = {n}")
    if not 0 <= f < n:
        raise InvalidConfig(
            f"f must be at least 0 and below n, as somebody must be honest; got f = {f}, n = {n}"
        )
