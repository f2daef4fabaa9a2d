"""The filter of FedPG-BR: the mean of those within a radius that honest updates rarely leave."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation.parts import (
    Anchor,
    Context,
    Property,
    SpanRule,
    mean_of,
    one_hot,
)
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.span import Span, Weights

_TIED = 1e-9  # of a squared distance: closer ones are equal


@register
@dataclass(frozen=True, kw_only=True)
class FedpgFilter(SpanRule):
    """The mean of the updates near one that has more than half of all near it.

    Updates that have more than half of all (themselves too) within a radius are compact; of these,
    the one nearest to their mean is the centre, and those within the radius of it are believed. The
    first radius is where honest means of so many episodes stay together with probability 1 - delta;
    if fewer than (1 - alpha) n are believed, all is done again with the second, 2 sigma.

    The radii are absolute: what is meant by sigma depends on network, loss and whitening, so
    measure it (``calibrated_sigma``). They say nothing about direction either: where honest updates
    are shorter than the radius, their opposites are believed. Hence it lacks scaling. Where nobody
    is compact it believes nobody, and answers 0, which is no update but the lack of one; hence it
    lacks honest_range and, since 0 does not move with the updates, translation. The batch is what
    the server asked for in the round, ``Context.extra["batch"]``, if that is told.

    Source: as published in Fan, Ma, Dai, Jing, Tan & Low, NeurIPS 2021, arXiv:2110.14074, and its
    code; sigma = 0.06 and delta = 0.6 are theirs for cart-pole, returns whitened by episode.
    """

    name: ClassVar[str] = "fedpg_filter"
    bound: ClassVar[str] = "n >= 2 f + 1"
    cost: ClassVar[str] = "one Gram, one read"
    source: ClassVar[str] = (
        "Fan et al., 2021, Fault-Tolerant Federated Reinforcement Learning with Theoretical "
        "Guarantee, NeurIPS, arXiv:2110.14074"
    )
    anchors: ClassVar[tuple[Anchor, ...]] = ("origin",)
    lacks: ClassVar[frozenset[Property]] = frozenset({"scaling", "translation", "honest_range"})

    sigma: float = 0.06  # no honest gradient of one episode is further from its mean
    delta: float = 0.6  # with what probability honest updates may be further apart
    batch: int = 16  # episodes behind every update
    alpha: float = 0.4  # the share of Byzantine contributors that is reckoned with

    def __post_init__(self) -> None:
        for name, fits in (
            ("sigma", self.sigma > 0),
            ("delta", 0 < self.delta < 1),
            ("batch", self.batch >= 1),
            ("alpha", 0 <= self.alpha < 0.5),
        ):
            if not fits:
                raise InvalidConfig(
                    "fedpg_filter takes sigma > 0, delta in (0, 1), batch >= 1 and alpha in "
                    f"[0, 0.5), got {name} = {getattr(self, name)}"
                )

    def weights(self, span: Span, f: int, context: Context) -> Weights:
        """Return the mean of the believed (k,), or the origin where nobody is."""
        del f  # it reckons with alpha
        batch = context.extra.get("batch", self.batch)
        if isinstance(batch, bool) or not isinstance(batch, int | np.integer) or batch < 1:
            raise InvalidConfig(
                'extra["batch"] is how many episodes are behind every update, a whole number >= 1, '
                f"got {batch!r}"
            )
        believed = _near(span, 2 * self.sigma * math.sqrt(spread(span.n, self.delta) / batch))
        doubted = span.n - np.count_nonzero(believed)
        # (1 - 1/3) * 9 is more than 6, and 1/49 * 49 less than 1: counts are compared with counts.
        if doubted > math.floor(self.alpha * span.n + 1e-9):
            believed = _near(span, 2 * self.sigma)
        if not believed.any():
            return one_hot(span, span.anchor("origin"))
        return mean_of(span, np.flatnonzero(believed))


def spread(count: int, delta: float) -> float:
    """Return V: how far apart honest updates are, in units of their bound, squared, over the batch.

    >>> round(spread(10, 0.6), 4)
    7.0131
    """
    return 2 * math.log(2 * count / delta)


def calibrated_sigma(updates: NDArray[np.floating], *, batch: int, delta: float = 0.6) -> float:
    """Return the sigma with which nine of ten pairs of honest updates are within the first radius.

    Args:
        updates: (n, d) of one round, or (rounds, n, d), all honest.
        batch: episodes behind every update.
        delta: of the filter.

    Raises:
        InvalidConfig: fewer than two contributors, who have no distance.
    """
    if updates.ndim not in {2, 3} or updates.shape[-2] < 2:
        raise InvalidConfig(
            f"sigma is measured on updates (n, d) or (rounds, n, d) with n >= 2, got an array of "
            f"shape {updates.shape}"
        )
    count = updates.shape[-2]
    rows = np.asarray(updates, dtype=np.float64).reshape(-1, count, updates.shape[-1])
    one, other = np.triu_indices(count, 1)
    distances = [np.linalg.norm(of_round[one] - of_round[other], axis=1) for of_round in rows]
    return float(np.quantile(distances, 0.9)) / (2 * math.sqrt(spread(count, delta) / batch))


def _near(span: Span, radius: float) -> NDArray[np.bool_]:
    """Return who is within the radius of the centre: (n,), nobody where there is none."""
    within: NDArray[np.bool_] = span.distances <= radius**2  # (n, n)
    compact: NDArray[np.bool_] = within.sum(axis=1) > span.n / 2
    if not compact.any():
        return compact
    members = np.flatnonzero(compact)
    offsets = span.squared_from(mean_of(span, members))[members]
    # Two are equally far from their mean: then the one that is nearer to all others.
    equals = members[offsets <= offsets.min() * (1 + _TIED)]
    centre = equals[span.distances[equals].sum(axis=1).argmin()]
    near: NDArray[np.bool_] = within[centre]
    return near
