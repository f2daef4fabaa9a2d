"""ExpertRank: a minority that is trusted beforehand, and whoever agrees with it."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rallypoint.config import check_within
from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation.fermat import fermat_point
from rallypoint.safety.aggregation.parts import (
    Anchor,
    Context,
    Need,
    Property,
    SpanRule,
    one_hot,
)
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.rules.clipping import shortened
from rallypoint.safety.aggregation.span import Matrix, Span, Weights

_CLOSE = 1e-8  # trust is found when a round moves no more of it than this


@register
@dataclass(frozen=True, kw_only=True)
class ExpertRank(SpanRule):
    """The geometric median of the updates, weighted by trust that starts at the experts alone.

    With half of all lying or more, no rule that treats all alike can be right: swap the two camps,
    and it answers wrongly in one of the two worlds. So some must be known, ``context.trusted``:

    1. each update vouches for those it points along with, by how far their cosine exceeds
       ``least_cosine``;
    2. trust starts at the experts and flows along vouches, losing a share ``1 - decay`` at each,
       as in LipschiTrust; a clique that no expert vouches for gets exactly none;
    3. nobody is longer than the experts' median norm, weighted by their trust;
    4. the answer is the geometric median, weighted by trust. If less than ``least_reached`` of
       trust reached anybody else, the experts agree with nobody to speak of, and it is theirs.

    Guarantee: an update passes on less than decay times its trust, so all trust outside the
    experts is less than decay / (1 - decay) of theirs: for decay < 1/2 they hold the majority of
    weight whoever else votes, and with it the geometric median. A larger decay listens to more
    friends and is safe only while these and the experts outweigh the rest.

    Who copies an expert is trusted as its friend would be, up to that bound: trust is of this
    round alone, so a later lie is judged by itself.

    It lacks translation: cosines are taken at the origin; and honest_range: those longer than the
    experts are shortened.

    Source: our formulation. Trust: Allouah, Guerraoui, Hoang & Villemaud (2024), "Robust Sparse
    Voting", arXiv:2202.08656, and the LipschiTrust of Tournesol's Solidago, arXiv:2211.01179.
    """

    name: ClassVar[str] = "expert_rank"
    bound: ClassVar[str] = "n >= 1 f + 1"
    cost: ClassVar[str] = "one Gram, one read"
    source: ClassVar[str] = "our formulation; trust as in Solidago's LipschiTrust, arXiv:2211.01179"
    needs: ClassVar[frozenset[Need]] = frozenset({"trusted"})
    anchors: ClassVar[tuple[Anchor, ...]] = ("origin",)
    lacks: ClassVar[frozenset[Property]] = frozenset({"translation", "honest_range"})

    pretrust: float = 0.8  # of an expert; nobody's trust exceeds 1
    decay: float = 0.4  # share of its trust that an update passes on, at most
    sink: float = 5.0  # vouches that each loses to nobody, so that a first one is not worth all
    least_cosine: float = 0.1  # at which one begins to vouch for the other
    least_reached: float = 0.05  # trust outside the experts, for others to be heard at all
    tolerance: float = 1e-9  # of the geometric median's last step
    rounds: int = 100  # of the geometric median, at most

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        check_within(self, "(0, 1]", "pretrust")
        if not 0 <= self.decay < 1:
            raise InvalidConfig(
                f"decay lies in [0, 1), got {self.decay!r}; at 1 trust would grow without end"
            )
        if not self.sink > 0:
            raise InvalidConfig(f"sink is a number of vouches > 0, got {self.sink!r}")
        check_within(self, "[0, 1)", "least_cosine")
        if not self.least_reached >= 0:
            raise InvalidConfig(f"least_reached is trust >= 0, got {self.least_reached!r}")

    def weights(self, span: Span, f: int, context: Context) -> Weights:
        """Let trust flow, shorten, and take the weighted geometric median."""
        del f
        experts = np.zeros(span.n, dtype=bool)
        experts[np.asarray(context.trusted, dtype=np.int64)] = True
        origin = span.anchor("origin")
        inner = span.about(one_hot(span, origin))[: span.n, : span.n]
        lengths = np.sqrt(np.maximum(np.diagonal(inner), 0))
        trust = self.trust(vouches(inner, lengths, self.least_cosine), experts)
        if trust[~experts].sum() < self.least_reached:
            trust = np.where(experts, trust, 0)
        cap = _median(lengths[experts], trust[experts])
        factors = np.divide(cap, lengths, out=np.ones(span.n), where=lengths > cap)
        heard = np.flatnonzero(trust)
        capped = shortened(span, factors)[heard]  # (h, k)
        point = fermat_point(
            capped @ span.gram @ capped.T,
            trust[heard],
            tolerance=self.tolerance,
            rounds=self.rounds,
        )
        weights: Weights = point @ capped
        return weights

    def trust(self, vouched: Matrix, experts: NDArray[np.bool_]) -> Weights:
        """Return everybody's trust (n,) when row i of (n, n) says for whom i vouches, in [0, 1].

        The fixed point of t_j = min(1, pretrust [j is an expert] + decay sum_i t_i v_ij / (N_i +
        sink)), with N_i the number of i's vouches.
        """
        passed = self.decay * vouched / (np.count_nonzero(vouched, axis=1)[:, None] + self.sink)
        start: Weights = np.where(experts, self.pretrust, 0.0)
        trust, moved = start, np.inf
        while moved >= _CLOSE:  # a contraction: each moves at most decay times what the last did
            after: Weights = np.minimum(1, start + trust @ passed)
            moved, trust = float(np.abs(after - trust).sum()), after
        return trust


def vouches(inner: Matrix, lengths: Weights, least_cosine: float) -> Matrix:
    """Return by how much each update's cosine with each other exceeds the least: (n, n)."""
    scale = lengths[:, None] * lengths[None, :]
    cosines = np.divide(inner, scale, out=np.zeros_like(inner), where=scale > 0)
    vouched: Matrix = np.clip(cosines - least_cosine, 0, 1)
    np.fill_diagonal(vouched, 0)
    return vouched


def _median(values: Weights, masses: NDArray[Any]) -> float:
    """Return the smallest value that half of the mass does not exceed."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(masses[order])
    return float(values[order[np.searchsorted(reached, reached[-1] / 2)]])
