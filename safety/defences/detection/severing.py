"""SEVER: gradients that widen a set of gradients most leave it."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rallypoint.declared import check_declared
from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation.covariance import widest
from rallypoint.safety.aggregation.grams import compared
from rallypoint.safety.aggregation.opening import opened
from rallypoint.safety.aggregation.span import Span
from rallypoint.safety.defences.detection.detector import (
    Floats,
    blind_below,
    check_rows,
    check_share,
    how_many,
)

Mask = NDArray[np.bool_]
Scorer = Callable[[Mask], Floats]  # whom it still counts (n,) -> squared offsets (n,)

_ROUNDING = 1e-20  # squared offset over squared length: what is nearer is equal
_MEDIAN = 0.4549364231195724  # of the square of a standard normal number


class Severed(NamedTuple):
    """Which gradients are left."""

    kept: Mask  # (n,)
    scores: Floats  # (n,) squared offset along the widest direction, in the round a row was last in


def sever(gradients: ArrayLike, share: float, *, rounds: int = 4) -> Severed:
    """Filter gradients (n, d), such as one for each trajectory of a contributor.

    In each round those leave whose squared offsets along the widest direction are largest, at most
    half the share of all, each round about the mean of what is left. Who lies within
    ``blind_below`` of the mean, in standard deviations of the rest, stays: so near by it moves the
    mean no more than honest ones may. All rounds are of the same gradients, at the same parameters:
    a learner takes the next ones at its next update. Where there are fewer gradients than
    parameters nothing is done in d dimensions but one Gram matrix.

    Args:
        gradients: finite numbers.
        share: how many may be planted, at most.
        rounds: how often some leave; 4 rounds of half the share remove twice the share, at most.

    Raises:
        InvalidConfig: arrays, shares or rounds that cannot be meant, or nothing would be left.

    Source: Diakonikolas, Kamath, Kane, Li, Steinhardt & Stewart (2019), "Sever: A Robust
    Meta-Algorithm for Stochastic Optimization", ICML, arXiv:1803.02815. Its algorithm 2 stops where
    the variance is as it should be, and wants to be told what that is; section 5 removes half the
    share in each of four rounds, whatever there is. Here as much is removed at most, and how wide
    honest gradients are is told by their median.
    """
    check_share(share)
    rows = check_rows(gradients, "gradients")
    n, d = rows.shape
    check_declared({"rounds": rounds}, {"rounds": int})
    if rounds < 1:
        raise InvalidConfig(f"rounds is a number >= 1, got {rounds}")
    at_once, most = how_many(share / 2, n), how_many(rounds * share / 2, n)
    if most >= n:
        raise InvalidConfig(
            f"rounds is a number after which something is left: {rounds} of half the share "
            f"{share:g} leave nothing of {n}"
        )
    scored = _by_gram(rows) if n < d else _by_covariance(rows)
    lengths = np.einsum("nd,nd->n", rows, rows)  # squared
    kept = np.ones(n, dtype=bool)
    scores = np.zeros(n)
    for _ in range(rounds):
        found = scored(kept)
        scores[kept] = found[kept]
        equal = _ROUNDING * float(lengths[kept].max())  # of who left nothing is rounded any more
        near = max(equal, _usual(found[kept]) * blind_below(share) ** 2)
        far = kept & (found > near)
        farthest = np.argsort(np.where(far, -found, np.inf), kind="stable")
        leaving = min(np.count_nonzero(far), at_once, most - (n - np.count_nonzero(kept)))
        if not leaving:
            break
        kept[farthest[:leaving]] = False
    return Severed(kept, scores)


def fewest(share: float) -> int:
    """Return how many gradients there must be for one to be far enough off to leave.

    Of n gradients, n - 1 of them equal along a direction, the last lies n - 1 times as far from the
    mean as they do.

    >>> fewest(0.1), fewest(1 / 3)
    (6, 4)
    """
    return int(1 + blind_below(share) / math.sqrt(_MEDIAN)) + 1


def _usual(offsets: Floats) -> float:
    """Return the variance of normal numbers whose squares have this median."""
    return float(np.median(offsets)) / _MEDIAN


def _by_gram(rows: Floats) -> Scorer:
    gram = compared(opened(rows), 0).gram
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
