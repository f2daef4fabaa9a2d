"""Bulyan: Krum again and again, then a mean around the median of those it chose."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.safety.aggregation.parts import Composite, Context, Mixing, Part, Property
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.rules.meamed import Meamed
from rallypoint.safety.aggregation.span import Matrix, Span


@register
@dataclass(frozen=True, kw_only=True)
class Bulyan(Composite):
    """The mean of the n - 4 f values nearest to the median of n - 2 f updates that Krum chose.

    Krum chooses one, which leaves the pool, and chooses again, always with the neighbours it would
    count among that many: the number in the pool less f + 2, at least one, for the last rounds
    are below Krum's own bound. Ties: of equal scores the first update, of values equally near the
    smaller. When one neighbour is counted the two nearest to each other always tie, so for f < 3
    the order of the updates can decide.

    It lacks rotation: other axes have other medians. No constant is known.

    Source: El Mhamdi, Guerraoui & Rouault (2018), "The Hidden Vulnerability of Distributed Learning
    in Byzantium", ICML, arXiv:1802.07927.
    """

    name: ClassVar[str] = "bulyan"
    bound: ClassVar[str] = "n >= 4 f + 3"
    cost: ClassVar[str] = "one Gram, one coordinate pass"
    source: ClassVar[str] = "El Mhamdi, Guerraoui & Rouault, ICML 2018, arXiv:1802.07927"
    lacks: ClassVar[frozenset[Property]] = frozenset({"rotation"})

    def parts(self, n: int, f: int) -> Sequence[tuple[Part, int]]:
        """Choose n - 2 f, then average all but 2 f around their median."""
        del n
        return (RepeatedKrum(), f), (Meamed(), 2 * f)


@dataclass(frozen=True, kw_only=True)
class RepeatedKrum(Mixing):
    """Keeps n - 2 f updates, chosen one by one."""

    name: ClassVar[str] = "repeated_krum"
    bound: ClassVar[str] = "n >= 4 f + 3"
    cost: ClassVar[str] = "one Gram"
    source: ClassVar[str] = Bulyan.source

    def outgoing(self, n: int, f: int) -> int:
        """Return n - 2 f."""
        return n - 2 * f

    def mix(self, span: Span, f: int, context: Context) -> Matrix:
        """Return the chosen updates, in the order of choice."""
        del context
        distances = span.distances.copy()
        np.fill_diagonal(distances, np.inf)  # nobody is a neighbour of itself
        neighbours = np.argsort(distances, axis=1, kind="stable")[:, :-1]  # (n, n-1), nearest first
        distances = np.take_along_axis(distances, neighbours, axis=1)
        left = np.ones(span.n, dtype=bool)
        chosen = []
        for pool in range(span.n, 2 * f, -1):
            counted = left[neighbours]
            counted &= counted.cumsum(axis=1) <= max(1, pool - f - 2)
            scores = np.where(counted, distances, 0).sum(axis=1)
            chosen.append(int(np.where(left, scores, np.inf).argmin()))
            left[chosen[-1]] = False
        return np.eye(len(span.gram))[chosen]
