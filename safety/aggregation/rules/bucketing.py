"""Bucketing: means of a few updates each, drawn at random."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation.parts import Context, Mixing, Need, Property
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.span import Matrix, Span


@register
@dataclass(frozen=True, kw_only=True)
class Bucketing(Mixing):
    """The means of ceil(n / size) buckets, into which the updates are shuffled.

    Honest updates that differ are closer together in means of several, but each lie spoils a
    bucket: the next rule must tolerate the same f among fewer, and its bound is checked on the
    buckets. The last bucket may be smaller.

    It lacks order: other orders are other buckets, of the same distribution.

    Source: Karimireddy, He & Jaggi (2022), "Byzantine-Robust Learning on Heterogeneous Datasets
    via Bucketing", ICLR, arXiv:2006.09365.
    """

    name: ClassVar[str] = "bucketing"
    bound: ClassVar[str] = "n >= 1 f + 1"
    cost: ClassVar[str] = "nothing; before a coordinate rule two Grams over its size"
    source: ClassVar[str] = "Karimireddy, He & Jaggi, ICLR 2022, arXiv:2006.09365"
    needs: ClassVar[frozenset[Need]] = frozenset({"rng"})
    lacks: ClassVar[frozenset[Property]] = frozenset({"order"})
    oblivious: ClassVar[bool] = True

    size: int = 2  # updates in a bucket

    def __post_init__(self) -> None:
        """Check the size."""
        if self.size < 1:
            raise InvalidConfig(f"the size of a bucket is a whole number >= 1, got {self.size!r}")

    def outgoing(self, n: int, f: int) -> int:
        """Return how many buckets n updates fill."""
        del f
        return -(-n // self.size)

    def mix(self, span: Span, f: int, context: Context) -> Matrix:
        """Put each update into one bucket."""
        assert context.rng is not None, "declared in needs"
        bucket = np.empty(span.n, dtype=np.int64)
        bucket[context.rng.permutation(span.n)] = np.arange(span.n) // self.size
        mixing = np.zeros((self.outgoing(span.n, f), len(span.gram)))
        mixing[bucket, np.arange(span.n)] = 1
        mixing /= mixing.sum(axis=1, keepdims=True)
        return mixing
