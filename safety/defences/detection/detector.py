"""What a detector of planted rows is, and which clouds none of them can tell."""

import math
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rallypoint.declared import check_declared
from rallypoint.errors import InvalidConfig
from rallypoint.safety.defences.numbers import refuse_masked

Floats = NDArray[np.float64]

MOST = 1.5  # rows removed, for each that may be planted: the share is a guess
_SURE = 6.0  # squared distance over variance, times the share
_LARGEST = 1e120  # of which very many can be squared and summed


class Looked(NamedTuple):
    """What a detector makes of the rows of one class."""

    scores: Floats  # (n,) the larger, the likelier planted
    strength: float  # how much wider than it should be; clean Gaussian rows have about 1
    components: int  # directions that were looked along


class Detector(Protocol):
    """Scores the rows of one class."""

    def __call__(self, rows: Floats, share: float) -> Looked:
        """Look at rows (n, d) of which at most this share is planted."""
        ...


def check_share(share: float) -> None:
    """Refuse a share that cannot be removed.

    Raises:
        InvalidConfig: says what must hold.
    """
    check_declared({"share": share}, {"share": float})
    if not 0 < share <= 1 / 3:
        raise InvalidConfig(
            f"share is how much may be planted, in (0, 1/3]: {MOST:g} times as much is removed, "
            f"and more than half is no minority; got {share}"
        )


def how_many(share: float, rows: int) -> int:
    """Return a share of rows, rounded up.

    >>> how_many(1.5 * 0.05, 1000)  # which floating-point numbers make slightly more than 75
    75
    """
    return math.ceil(share * rows - 1e-9)


def check_rows(values: ArrayLike, what: str) -> Floats:
    """Return rows of numbers (n, d), in float64.

    Raises:
        InvalidConfig: something else; says what came.
    """
    refuse_masked(values, what)
    try:
        rows = np.asarray(values)
    except ValueError:  # of different lengths
        rows = np.empty(0, dtype=object)
    if rows.ndim != 2 or not rows.size or rows.dtype.kind not in "iuf":
        raise InvalidConfig(
            f"{what} are numbers (rows, d), at least one of each, got {rows.dtype} {rows.shape}"
        )
    with np.errstate(over="ignore"):  # of longer floats than these
        found = rows.astype(np.float64)
    if not (finite := np.isfinite(found)).all():
        raise InvalidConfig(f"{what} are finite, and row {_first(~finite)} is not; leave it out")
    if (large := np.abs(found) > _LARGEST).any():
        raise InvalidConfig(
            f"{what} are at most {_LARGEST:g}, so that they can be squared and summed, and row "
            f"{_first(large)} is not; leave it out, or bring all to a smaller scale"
        )
    return found


def blind_below(share: float) -> float:
    """Return the distance of a cloud's mean below which no detector need notice it.

    A cloud of this share at distance D moves the mean of all by share × D. Rows of which no more is
    known than that their standard deviation is at most sigma in every direction may do as much by
    themselves when that is below sqrt(share) × sigma: honest rows with a few far ones among them.
    In sigmas.

    Source: the survey of Diakonikolas & Kane (2019), "Recent Advances in Algorithmic
    High-Dimensional Robust Statistics", arXiv:1911.05911, on bounded covariance.

    >>> blind_below(0.04)
    5.0

    Raises:
        InvalidConfig: a share that is none.
    """
    return 1 / math.sqrt(_positive(share))


def sure_from(share: float) -> float:
    """Return the distance of a cloud's mean from which spectral signatures separate it, in sigmas.

    Source: Tran, Li & Madry (2018), "Spectral Signatures in Backdoor Attacks", NeurIPS, lemma 3.1.

    >>> sure_from(0.06)
    10.0

    Raises:
        InvalidConfig: a share that is none.
    """
    return math.sqrt(_SURE / _positive(share))


def _positive(share: float) -> float:
    if not 0 < share <= 1:
        raise InvalidConfig(f"a share lies in (0, 1], got {share}")
    return share


def _first(wrong: NDArray[np.bool_]) -> int:
    return int(np.flatnonzero(wrong.any(axis=1))[0])
