"""Scores over seeds: interquartile means, their ratios, who is better; all with intervals.

Intervals are percentile bootstraps over seeds. A seed is one policy to start from, the same in
every cell, so it is drawn for attacked and unattacked runs at once; where several attacks are put
together, each is a stratum whose seeds are drawn on their own, as the seeds of different tasks are
(Agarwal, Schwarzer, Castro, Courville & Bellemare, 2021, "Deep Reinforcement Learning at the Edge
of the Statistical Precipice", NeurIPS, arXiv:2108.13264).
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rallypoint.claims import Claim, decide
from rallypoint.draws import Floats, Integers, stream
from rallypoint.expected import Expected
from rallypoint.intervals import Interval

_RESAMPLES = 9999
_LEVEL = 0.95
_TRIMMED = 0.25  # of the values, at either end


class Score(NamedTuple):
    """A number over seeds, and how far it can be trusted."""

    measured: float
    interval: Interval
    n: int  # seeds

    def to_dict(self) -> dict[str, object]:
        """Return it as plain values."""
        return {"measured": self.measured, "interval": list(self.interval), "n": self.n}


def iqm(values: ArrayLike) -> Floats:
    """Return the mean of the middle half of the last axis: of 20 values, the middle ten.

    >>> float(iqm([9.0, 1.0, 2.0, 3.0]))
    2.5
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64), axis=-1)
    out = int(_TRIMMED * ordered.shape[-1])
    mean: Floats = ordered[..., out : ordered.shape[-1] - out].mean(axis=-1)
    return mean


def score(values: ArrayLike) -> Score:
    """Return the interquartile mean of values by seed (S,)."""
    found = np.asarray(values, dtype=np.float64)
    return _score(float(iqm(found)), iqm(found[_resampled(len(found))]), len(found))


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
    drawn = _resampled(len(own))
    shares = iqm(found[:, drawn]) / iqm(own[drawn])  # (A, resamples)
    measured = float((iqm(found) / iqm(own)).min())
    return _score(measured, shares.min(axis=0), len(own))


def over_attacks(by_attack: Mapping[str, ArrayLike]) -> Score:
    """Return the interquartile mean over all attacks and seeds, attacks being strata."""
    found = np.asarray([*by_attack.values()], dtype=np.float64)  # (A, S)
    drawn = _strata(found)
    samples = iqm(np.moveaxis(drawn, 1, 0).reshape(_RESAMPLES, -1))
    return _score(float(iqm(found.ravel())), samples, found.shape[1])


def improvement(one: Mapping[str, ArrayLike], other: Mapping[str, ArrayLike]) -> Score:
    """Return how likely a run of one rule does better than one of another, over all attacks.

    Of all pairs of seeds under one attack, equals count for a half; attacks count alike.
    """
    ours = np.asarray([*one.values()], dtype=np.float64)  # (A, S)
    theirs = np.asarray([*other.values()], dtype=np.float64)
    wins = (np.sign(ours[:, :, None] - theirs[:, None, :]) + 1) / 2  # (A, S, S)
    n = ours.shape[1]
    samples = np.zeros(_RESAMPLES)
    for attack, of_pairs in enumerate(wins):
        drawn, against = (_times(n, attack, side) for side in ("ours", "theirs"))
        samples += ((drawn @ of_pairs) * against).sum(axis=1)
    return _score(float(wins.mean()), samples / (len(wins) * n * n), n)


def difference(one: ArrayLike, other: ArrayLike, *, among: int = 1) -> Score:
    """Return by how much one interquartile mean is larger than another, seeds being paired.

    Where so many differences are looked at for the most remarkable one, each interval misses that
    much less often (Bonferroni).
    """
    ours, theirs = (np.asarray(values, dtype=np.float64) for values in (one, other))
    drawn = _resampled(len(ours))
    measured = float(iqm(ours) - iqm(theirs))
    samples = iqm(ours[drawn]) - iqm(theirs[drawn])
    return _score(measured, samples, len(ours), misses=(1 - _LEVEL) / among)


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
        level=_LEVEL,
        method="bootstrap of interquartile means",
        n=found.n,
        expected=expects,
        verdict=decide(expects, found.interval, n=found.n),
        documented_limit=documented_limit,
    )


def _score(measured: float, samples: Floats, n: int, *, misses: float = 1 - _LEVEL) -> Score:
    low, high = np.quantile(samples, [misses / 2, 1 - misses / 2])
    return Score(_rounded(measured), (_rounded(low), _rounded(high)), n)


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")  # the rest is rounding, and no reason to miss a threshold


def _resampled(n: int) -> Integers:
    return stream(0, "byzantine_gradient/bootstrap").integers(n, size=(_RESAMPLES, n))


def _strata(found: Floats) -> Floats:
    """Return values (A, S) drawn anew, attack by attack: (A, resamples, S)."""
    rng = stream(0, "byzantine_gradient/strata")
    size = (len(found), _RESAMPLES, found.shape[1])
    drawn: Floats = np.take_along_axis(
        found[:, None], rng.integers(found.shape[1], size=size), axis=2
    )
    return drawn


def _times(n: int, attack: int, side: str) -> Floats:
    """Return how often each seed is drawn, in every sample: (resamples, S)."""
    rng = stream(0, "byzantine_gradient/pairs", attack, side)
    return rng.multinomial(n, np.full(n, 1 / n), size=_RESAMPLES).astype(np.float64)
