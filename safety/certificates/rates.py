"""How often a test rejects, over seeds."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import binom, binomtest

from rallypoint.errors import InvalidConfig
from rallypoint.intervals import Interval
from rallypoint.safety.certificates.verdicts import check_confidence, check_level


class Rate(NamedTuple):
    """So many of so many, and the exact interval of the probability behind it."""

    hits: int
    n: int
    share: float
    interval: Interval


def rate(hits: int, n: int, *, confidence: float = 0.95) -> Rate:
    """Return a share with its Clopper-Pearson interval.

    >>> rate(0, 20).interval[1].__round__(3)
    0.168

    Raises:
        InvalidConfig: so many are not among so many, or a confidence that is none.
    """
    check_confidence(confidence)
    if not 0 <= hits <= n or n < 1:
        raise InvalidConfig(f"a rate is of 0 to n among n >= 1, got {hits} of {n}")
    found = binomtest(hits, n).proportion_ci(confidence, method="exact")
    return Rate(hits, n, hits / n, (float(found.low), float(found.high)))


def rejection_rate(p_values: ArrayLike, *, level: float, confidence: float = 0.95) -> Rate:
    """Return in how many of independent assessments (R,) the null hypothesis was rejected.

    A true learner is rejected in ``level`` of them: one rejection among many seeds shows nothing.

    Raises:
        InvalidConfig: there is no p-value, or a number that is none.
    """
    check_level(level)
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1 or not len(p) or not ((p >= 0) & (p <= 1)).all():
        raise InvalidConfig(f"p-values lie in [0, 1], one for each assessment, got {p_values!r}")
    return rate(int((p <= level).sum()), len(p), confidence=confidence)


def most_false_alarms(n: int, level: float, *, confidence: float = 0.999) -> int:
    """Return how many rejections a test of this level stays within, at this confidence.

    >>> most_false_alarms(400, 0.01)
    11

    Raises:
        InvalidConfig: no test, or levels that are none.
    """
    check_level(level)
    check_confidence(confidence)
    if n < 1:
        raise InvalidConfig(f"false alarms are of n >= 1 tests, got {n}")
    return int(binom.ppf(confidence, n, level))
