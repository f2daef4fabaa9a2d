"""The four kinds of part that aggregators are made of.

Nearly every rule answers with a combination of the updates, so it need not walk them again and
again: one Gram matrix, every decision and iteration in n coefficients, one weighted sum.

=================  ==========================  ==================================================
kind               answers                     such as
=================  ==========================  ==================================================
`Mixing`           (n', k) combinations        nearest-neighbour mixing, bucketing, clipping
`SpanRule`         (k,) weights                Krum, geometric median, centred clipping
`CoordinateRule`   (b,) values of a block      median, trimmed mean, sign vote
`Composite`        a chain of the above        Bulyan: a selection, then a mean around the median
=================  ==========================  ==================================================

A part is a frozen dataclass of its hyper-parameters, one to a file of ``rules/``, registered under
its name (``register`` is in ``rallypoint.safety.aggregation.rules``):

    @register
    @dataclass(frozen=True, kw_only=True)
    class Medoid(SpanRule):
        \"\"\"The update nearest to all others together. …source…\"\"\"

        name: ClassVar[str] = "medoid"
        bound: ClassVar[str] = "n >= 2 f + 1"
        cost: ClassVar[str] = "one Gram"
        source: ClassVar[str] = "…"

        def weights(self, span: Span, f: int, context: Context) -> Weights:
            return one_hot(span, np.sqrt(span.distances).sum(axis=1).argmin())

Parts never see the updates' columns, except a coordinate rule its block. What they are given they
do not write to.
"""

import functools
import math
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from rallypoint.config import Config
from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation.span import Matrix, Span, Weights

Need = Literal["rng", "trusted", "root", "previous", "counts", "layout", "scores"]
Anchor = Literal["origin", "previous", "root", "median"]
Property = Literal[
    "order", "translation", "scaling", "rotation", "idempotence", "honest_range", "bounded"
]
_BOUND = re.compile(r"n >= (?:(?P<slope>\d+) f \+ )?(?P<least>\d+)")


@dataclass(frozen=True, kw_only=True)
class Context:
    """What besides the updates a rule may need; one that declares a need is refused without it."""

    rng: np.random.Generator | None = None
    trusted: Sequence[int] | None = None  # indices of updates known to be honest
    root: Any = None  # (d,) the server's own gradient, on data it trusts
    previous: Any = None  # (d,) the last aggregate; zeros at first
    counts: NDArray[np.int64] | None = None  # (n,) samples behind each update, as reported
    layout: Sequence[int] | None = None  # sizes of the layers, summing to d
    scores: NDArray[np.float64] | None = None  # (n,) loss decrease of each on trusted data
    extra: Mapping[str, Any] = field(default_factory=dict)  # what a user's own rule needs


@dataclass(frozen=True, kw_only=True)
class Part(Config, ABC):
    """A step of aggregation, with what is known about it; fields are hyper-parameters."""

    name: ClassVar[str]
    bound: ClassVar[str]  # "n >= 2 f + 3"; checked on every call
    cost: ClassVar[str]  # in Grams (n² d) and reads (n d): "one Gram, one read"
    source: ClassVar[str]  # authors, year, title or venue, arXiv id
    needs: ClassVar[frozenset[Need]] = frozenset()
    anchors: ClassVar[tuple[Anchor, ...]] = ()  # points beside the updates, in this order
    # Of the properties that the conformance suite checks; it checks that they lack, too.
    lacks: ClassVar[frozenset[Property]] = frozenset()
    oblivious: ClassVar[bool] = False  # decides without looking: no Gram, `span.gram` is not known

    def least(self, f: int) -> int:
        """Return the smallest n that tolerates f; what `bound` says."""
        numbers = _numbers_of(self.bound)
        if numbers is None:
            raise InvalidConfig(f"a bound reads 'n >= 2 f + 3', got {self.bound!r} of {self.name}")
        slope, least = numbers
        return slope * f + least

    def refuse(self, n: int, f: int) -> None:
        """Refuse what the bound allows, and its parameters do not; nothing, here.

        Raises:
            TooManyByzantine: they do not go with so few updates; says which would.
            SearchTooLong: they allow no search that long.
        """

    def robustness(self, n: int, f: int) -> float | None:
        """Return kappa of |F - mean(S)|² <= kappa var(S), for every honest S of n - f, if known."""
        del n, f
        return None

    def largest_spread(self, n: int, f: int) -> float | None:
        """Return how far honest updates may spread, for their mean's length, if that is known.

        Below it the answer is proved to go along the honest mean. It is 1 / sqrt(kappa), unless
        something better is known; None also where any spread will do. With 1 / sqrt(kappa), and a
        spread of s times that, the answer is within s of the mean's length of the mean, and so the
        cosine between them at least sqrt(1 - s²).
        """
        return from_constant(self.robustness(n, f))

    @classmethod
    def facts(cls) -> dict[str, Any]:
        """Return what is known before it is used, as plain values, for lists of parts."""
        from rallypoint.safety.aggregation.facts import facts

        return facts(cls)


class Mixing(Part):
    """Replaces updates by combinations of them, before the next part."""

    def outgoing(self, n: int, f: int) -> int:
        """Return how many combinations n updates become."""
        del f
        return n

    def robustness_with(self, inner: float | None, n: int, f: int) -> float | None:
        """Return kappa of a rule of constant `inner` after this mixing, if known."""
        del inner, n, f
        return None

    @abstractmethod
    def mix(self, span: Span, f: int, context: Context) -> Matrix:
        """Return the combinations, (n', k) with rows summing to one."""


class SpanRule(Part):
    """Answers with one combination of the points."""

    @property
    def radial(self) -> bool:
        """Whether it asks how updates lie to anchors and to trusted ones, never to each other.

        Then, unless a mixing came before, inner products of other updates are not computed.
        """
        return False

    @abstractmethod
    def weights(self, span: Span, f: int, context: Context) -> Weights:
        """Return the weights (k,), summing to one."""


class CoordinateRule(Part):
    """Answers coordinate by coordinate."""

    skips_nan: ClassVar[bool] = False  # takes a NaN for a coordinate that was lost on the way

    @abstractmethod
    def combine(self, block: NDArray[Any], f: int) -> NDArray[Any]:
        """Return one value for each column of a block (n, b), finite unless it says `skips_nan`."""

    def consume(self, block: NDArray[Any], f: int) -> NDArray[Any]:
        """Return the same for a block that nobody needs any more, and that may be written to.

        It is for rules that save memory so.
        """
        return self.combine(block, f)

    @abstractmethod
    def shares(self, block: NDArray[Any], f: int) -> Matrix:
        """Return by how much each update made up each value: (n, b), columns summing to one."""


class Composite(Part):
    """A rule that is a chain of other parts, under a name of its own."""

    @abstractmethod
    def parts(self, n: int, f: int) -> Sequence[tuple[Part, int]]:
        """Return the parts in order, each with the f that it is to tolerate."""


def from_constant(kappa: float | None) -> float | None:
    """Return the largest spread at which |F - mean| is sure to be less than |mean|."""
    return 1 / math.sqrt(kappa) if kappa else None


@functools.cache
def _numbers_of(bound: str) -> tuple[int, int] | None:
    found = _BOUND.fullmatch(bound)
    return None if found is None else (int(found["slope"] or 0), int(found["least"]))


def one_hot(span: Span, index: int | np.integer[Any]) -> Weights:
    """Return the weights (k,) of a single point."""
    weights = np.zeros(len(span.gram))
    weights[index] = 1
    return weights


def mean_of(span: Span, members: NDArray[Any]) -> Weights:
    """Return the weights (k,) of the mean of some points, given as indices."""
    weights = np.zeros(len(span.gram))
    weights[members] = 1
    weights /= weights.sum()
    return weights
