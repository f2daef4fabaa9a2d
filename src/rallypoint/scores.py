"""Scores over seeds: interquartile means, profiles, who is better; all with intervals.

Intervals are percentile bootstraps over seeds. Where several tasks, or attacks, are put together,
each is a *stratum* whose seeds are drawn on their own (Agarwal, Schwarzer, Castro, Courville &
Bellemare, 2021, "Deep Reinforcement Learning at the Edge of the Statistical Precipice", NeurIPS,
arXiv:2108.13264). Over few seeds they are as narrow as ``intervals.COVERAGE`` says.

Every function is deterministic. Its draws are named by a channel: numbers that are compared with
each other as if independent take channels of their own.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rallypoint.draws import Floats, Integers, stream
from rallypoint.intervals import Interval

RESAMPLES = 9999  # the ends of an interval then move by less than its hundredth
LEVEL = 0.95
_TRIMMED = 0.25  # of the values, at either end
_CHANNEL = "scores"
_MOST_NUMBERS = 4_000_000  # held at once, while many points are drawn anew


class Score(NamedTuple):
    """A number over seeds, and how far it can be trusted."""

    measured: float
    interval: Interval
    n: int  # seeds

    def to_dict(self) -> dict[str, object]:
        """Return it as plain values."""
        return {"measured": self.measured, "interval": list(self.interval), "n": self.n}


class Band(NamedTuple):
    """Many such numbers, along an axis of P points; each interval is of its own point."""

    measured: Floats  # (P,)
    low: Floats  # (P,)
    high: Floats  # (P,)


def iqm(values: ArrayLike, axis: int = -1) -> Floats:
    """Return the mean of the middle half of an axis: of 20 values, the middle ten.

    >>> float(iqm([9.0, 1.0, 2.0, 3.0]))
    2.5
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64), axis=axis)
    size = ordered.shape[axis]
    out = int(_TRIMMED * size)
    mean: Floats = ordered.take(range(out, size - out), axis=axis).mean(axis=axis)
    return mean


def score(values: ArrayLike, *, channel: str = _CHANNEL) -> Score:
    """Return the interquartile mean of values by seed (S,)."""
    found = np.asarray(values, dtype=np.float64)
    drawn = found[resampled(len(found), channel=channel)]
    return score_of(float(iqm(found)), iqm(drawn), len(found))


def over_strata(strata: Sequence[ArrayLike], *, channel: str = _CHANNEL) -> Score:
    """Return the interquartile mean over all seeds of all strata, by seed (S,) each.

    >>> over_strata([[5.0, 5.0, 5.0, 5.0], [1.0, 1.0, 1.0, 1.0]]).interval
    (3.0, 3.0)
    """
    found = [np.asarray(values, dtype=np.float64) for values in strata]
    places = _within(found, RESAMPLES, channel)
    drawn = np.concatenate([v[at] for v, at in zip(found, places, strict=True)], axis=1)
    n = min(len(values) for values in found)
    return score_of(float(iqm(np.concatenate(found))), iqm(drawn), n)


def band(
    strata: Sequence[ArrayLike], *, resamples: int = RESAMPLES, channel: str = _CHANNEL
) -> Band:
    """Return the interquartile mean over all seeds of all strata (S, P) each, at every point."""
    found = [np.asarray(values, dtype=np.float64) for values in strata]
    places = _within(found, resamples, channel)
    whole = np.concatenate(found)  # (N, P)
    step = max(1, _MOST_NUMBERS // (resamples * len(whole)))
    lows, highs = [], []
    for start in range(0, whole.shape[1], step):
        part = [v[:, start : start + step][at] for v, at in zip(found, places, strict=True)]
        low, high = _ends(iqm(np.concatenate(part, axis=1), axis=1))
        lows.append(low)
        highs.append(high)
    return Band(iqm(whole, axis=0), np.concatenate(lows), np.concatenate(highs))


def profile(
    strata: Sequence[ArrayLike],
    thresholds: ArrayLike,
    *,
    resamples: int = RESAMPLES,
    channel: str = _CHANNEL,
) -> Band:
    """Return the share of runs that score above each threshold: a performance profile.

    Strata, by seed (S,) each, count alike however many seeds they have.
    """
    above = [
        (np.asarray(values, dtype=np.float64)[:, None] > np.asarray(thresholds)).astype(np.float64)
        for values in strata
    ]  # (S, P) each
    measured = np.mean([shares.mean(axis=0) for shares in above], axis=0)
    samples = np.zeros((resamples, len(measured)))
    for place, shares in enumerate(above):
        times = _times(len(shares), resamples, channel, place, "profile")
        samples += times @ shares / (len(shares) * len(above))
    return Band(measured, *_ends(samples))


def improvement(
    ours: Sequence[ArrayLike], theirs: Sequence[ArrayLike], *, channel: str = _CHANNEL
) -> Score:
    """Return how likely a run of one does better than one of another, over the same strata.

    Of all pairs of seeds in one stratum, equals count for a half; strata count alike.

    >>> improvement([[3.0, 4.0]], [[1.0, 2.0]]).measured
    1.0
    """
    pairs = [
        (np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64))
        for one, other in zip(ours, theirs, strict=True)
    ]
    samples = np.zeros(RESAMPLES)
    shares = []
    for place, (one, other) in enumerate(pairs):
        wins = (np.sign(one[:, None] - other) + 1) / 2  # (S, S')
        shares.append(wins.mean())
        drawn = _times(len(one), RESAMPLES, channel, place, "ours")
        against = _times(len(other), RESAMPLES, channel, place, "theirs")
        samples += ((drawn @ wins) * against).sum(axis=1) / wins.size
    n = min(min(len(one), len(other)) for one, other in pairs)
    return score_of(float(np.mean(shares)), samples / len(pairs), n)


def score_of(measured: float, samples: Floats, n: int, *, misses: float = 1 - LEVEL) -> Score:
    """Return a score whose interval leaves out so large a share of samples (resamples,)."""
    low, high = _ends(samples, misses)
    return Score(_rounded(measured), (_rounded(float(low)), _rounded(float(high))), n)


def resampled(n: int, *, channel: str = _CHANNEL) -> Integers:
    """Return which of n seeds are drawn, in every sample: (resamples, n)."""
    return stream(0, f"{channel}/bootstrap").integers(n, size=(RESAMPLES, n))


def _within(found: Sequence[Floats], resamples: int, channel: str) -> list[Integers]:
    """Return which seeds of each stratum are drawn: (resamples, S) each."""
    rng = stream(0, f"{channel}/strata")
    return [rng.integers(len(values), size=(resamples, len(values))) for values in found]


def _times(n: int, resamples: int, channel: str, stratum: int, side: str) -> Floats:
    """Return how often each of n seeds is drawn, in every sample: (resamples, n)."""
    rng = stream(0, f"{channel}/pairs", stratum, side)
    return rng.multinomial(n, np.full(n, 1 / n), size=resamples).astype(np.float64)


def _ends(samples: Floats, misses: float = 1 - LEVEL) -> tuple[Floats, Floats]:
    low, high = np.quantile(samples, [misses / 2, 1 - misses / 2], axis=0)
    return low, high


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")  # the rest is rounding, and no reason to miss a threshold
