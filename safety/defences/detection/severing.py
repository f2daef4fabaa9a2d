"""SEVER: gradients that widen a set of gradients most leave it."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation.covariance import widest
from rallypoint.safety.aggregation.grams import compared
from rallypoint.safety.aggregation.opening import opened
from rallypoint.safety.aggregation.span import Span
from rallypoint.safety.defences.detection.detector import Floats, check_rows, check_share, how_many

Mask = NDArray[np.bool_]
Scorer = Callable[[Mask], Floats]  # whom it still counts (n,) -> squared offsets (n,)


class Severed(NamedTuple):
    """Which gradients are left."""

    kept: Mask  # (n,)
    scores: Floats  # (n,) squared offset along the widest direction, in the round a row was last in


def sever(gradients: ArrayLike, share: float, *, rounds: int = 4) -> Severed:
    """Filter gradients (n, d), such as one for each trajectory of a contributor.

    In each round those leave whose squared offsets along the widest direction are largest, half
    the share of all, each round about the mean of what is left. All rounds are of the same
    gradients, at the same parameters: a learner takes the next ones at its next update. Where there
    are fewer gradients than parameters nothing is done in d dimensions but one Gram matrix.

    Args:
        gradients: finite numbers.
        share: how many may be planted, at most.
        rounds: how often some leave; 4 rounds of half the share remove twice the share.

    Raises:
        InvalidConfig: arrays, shares or rounds that cannot be meant, or nothing would be left.

    Source: Diakonikolas, Kamath, Kane, Li, Steinhardt & Stewart (2019), "Sever: A Robust
    Meta-Algorithm for Stochastic Optimization", ICML, arXiv:1803.02815, section 5: quantiles in
    place of thresholds, half the share in each of four rounds.
    """
    check_share(share)
    rows = check_rows(gradients, "gradients")
    n, d = rows.shape
    at_once = how_many(share / 2, n)
    if rounds < 1 or rounds * at_once >= n:
        raise InvalidConfig(
            f"rounds is a number >= 1 after which something is left: {rounds} of {at_once} "
            f"gradients each leave nothing of {n}"
        )
    scored = _by_gram(rows) if n < d else _by_covariance(rows)
    kept = np.ones(n, dtype=bool)
    scores = np.zeros(n)
    for _ in range(rounds):
        found = scored(kept)
        scores[kept] = found[kept]
        order = np.argsort(np.where(kept, -found, np.inf), kind="stable")
        if found[order[0]] <= 0:  # all that are left are equal
            break
        kept[order[:at_once]] = False
    return Severed(kept, scores)


def _by_gram(rows: Floats) -> Scorer:
    _, gram = compared(opened(rows), 0)
    span = Span(gram, len(rows), {}, lambda _rng, _columns: span)
    return lambda kept: widest(span, kept / kept.sum())[1]


def _by_covariance(rows: Floats) -> Scorer:
    def scored(kept: Mask) -> Floats:
        offsets = rows - rows[kept].mean(axis=0)
        mine = offsets[kept]
        _, directions = np.linalg.eigh(mine.T @ mine / len(mine))
        scores: Floats = (offsets @ directions[:, -1]) ** 2
        return scores

    return scored
