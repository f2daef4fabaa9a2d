"""Bulyan as its authors' code has it: over means that Multi-Krum chose."""

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
class BulyanMultiKrum(Composite):
    """The mean of the n - 4 f - 2 values nearest to the median of n - 2 f - 2 means.

    The first mean is of the n - f - 2 updates with the least Krum scores, each next one of one
    fewer. After each the update with the least score leaves, and its distance leaves the scores
    of those whose n - f - 2 nearest others it was among at the start; nobody takes its place.

    The authors' two programs take, of an even number of means, the upper and the lower middle for
    median; here it is their mean, as everywhere. Ties: of equal scores the first update, of values
    equally near the smaller.

    It lacks rotation: other axes have other medians. No constant is known. "Fast and Robust
    Distributed Learning in High Dimension" (2019), arXiv:1905.04374, has proofs for Bulyan over
    Multi-Krum, as Multi-Bulyan; its body was not at hand.

    Source: El Mhamdi, Guerraoui & Rouault (2018), "The Hidden Vulnerability of Distributed Learning
    in Byzantium", ICML, arXiv:1802.07927; its form in the code of AggregaThor, MLSys 2019.
    """

    name: ClassVar[str] = "bulyan_multi_krum"
    bound: ClassVar[str] = "n >= 4 f + 3"
    cost: ClassVar[str] = "two Grams, one coordinate pass"
    source: ClassVar[str] = "El Mhamdi et al., ICML 2018, arXiv:1802.07927; code of AggregaThor"
    lacks: ClassVar[frozenset[Property]] = frozenset({"rotation"})

    def parts(self, n: int, f: int) -> Sequence[tuple[Part, int]]:
        """Choose n - 2 f - 2 means, then average all but 2 f around their median."""
        del n
        return (RepeatedMultiKrum(), f), (Meamed(), 2 * f)


@dataclass(frozen=True, kw_only=True)
class RepeatedMultiKrum(Mixing):
    """Makes n - 2 f - 2 means of ever fewer updates."""

    name: ClassVar[str] = "repeated_multi_krum"
    bound: ClassVar[str] = "n >= 4 f + 3"
    cost: ClassVar[str] = "one Gram; before a coordinate rule another"
    source: ClassVar[str] = BulyanMultiKrum.source

    def outgoing(self, n: int, f: int) -> int:
        """Return n - 2 f - 2."""
        return n - 2 * f - 2

    def mix(self, span: Span, f: int, context: Context) -> Matrix:
        """Return the means, in the order of choice."""
        del context
        n = span.n
        most = n - f - 2  # neighbours counted, and updates in the first mean
        distances = span.distances.copy()
        np.fill_diagonal(distances, np.inf)  # nobody is a neighbour of itself
        neighbours = np.argsort(distances, axis=1, kind="stable")[:, :most]
        counted = np.zeros((n, n))
        nearest = np.take_along_axis(distances, neighbours, axis=1)
        np.put_along_axis(counted, neighbours, nearest, axis=1)
        scores = nearest.sum(axis=1)
        mixing = np.zeros((n - 2 * f - 2, len(span.gram)))
        for size, row in zip(range(most, 0, -1), mixing, strict=False):
            believed = np.argsort(scores, kind="stable")[:size]
            row[believed] = 1 / size
            scores -= counted[:, believed[0]]
            scores[believed[0]] = np.inf
        return mixing
