"""Scores of rules under attack: shares that are kept, differences, and claims about them.

A seed is one policy to start from, the same in every cell, so it is drawn for attacked and
unattacked runs at once; where several attacks are put together, each is a stratum.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from rallypoint import scores
from rallypoint.claims import Claim, decide
from rallypoint.draws import Integers
from rallypoint.expected import Expected
from rallypoint.scores import LEVEL, Score, iqm, score_of

_CHANNEL = "byzantine_gradient"


def score(values: ArrayLike) -> Score:
    """Return the interquartile mean of values by seed (S,)."""
    return scores.score(values, channel=_CHANNEL)


def kept_share(attacked: ArrayLike, unattacked: ArrayLike) -> Score:
    """Return the interquartile mean under attack over that without, by seed (S,) each."""
    return worst_share({"": attacked}, unattacked)


def worst_share(attacked: Mapping[str, ArrayLike], unattacked: ArrayLike) -> Score:
    """Return the least such share over several attacks, each by seed (S,).

    The attack that does most is another one in every sample that is drawn, so the interval is that
    of the least, and lies a little low: what it clears is cleared.
    """
    found = np.asarray([*attacked.values()], dtype=np.float64)  # (A, S)
    own = np.asarray(unattacked, dtype=np.float64)
    drawn = _drawn(len(own))
    shares = iqm(found[:, drawn]) / iqm(own[drawn])  # (A, resamples)
    measured = float((iqm(found) / iqm(own)).min())
    return score_of(measured, shares.min(axis=0), len(own))


def over_attacks(by_attack: Mapping[str, ArrayLike]) -> Score:
    """Return the interquartile mean over all attacks and seeds, attacks being strata."""
    return scores.over_strata([*by_attack.values()], channel=_CHANNEL)


def improvement(one: Mapping[str, ArrayLike], other: Mapping[str, ArrayLike]) -> Score:
    """Return how likely a run of one rule does better than one of another, over all attacks."""
    return scores.improvement([*one.values()], [*other.values()], channel=_CHANNEL)


def difference(one: ArrayLike, other: ArrayLike, *, among: int = 1) -> Score:
    """Return by how much one interquartile mean is larger than another, seeds being paired.

    Where so many differences are looked at for the most remarkable one, each interval misses that
    much less often (Bonferroni).
    """
    ours, theirs = (np.asarray(values, dtype=np.float64) for values in (one, other))
    drawn = _drawn(len(ours))
    measured = float(iqm(ours) - iqm(theirs))
    samples = iqm(ours[drawn]) - iqm(theirs[drawn])
    return score_of(measured, samples, len(ours), misses=(1 - LEVEL) / among)


def claim(
    id: str,
    found: Score,
    *,
    statement: str,
    source: str,
    expected: str,
    documented_limit: bool = False,
) -> Claim:
    """Judge a claim by a score's interval."""
    expects = Expected.parse(expected)
    return Claim(
        id=id,
        statement=statement,
        source=source,
        measured=found.measured,
        interval=found.interval,
        level=LEVEL,
        method="bootstrap of interquartile means",
        n=found.n,
        expected=expects,
        verdict=decide(expects, found.interval, n=found.n),
        documented_limit=documented_limit,
    )


def _drawn(n: int) -> Integers:
    return scores.resampled(n, channel=_CHANNEL)
