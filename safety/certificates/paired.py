"""Two samples of paired vectors: may they come from one distribution?

For updates of a learner whose output is many numbers. Row i of both samples is a replicate that
differs only in what is tested, so that under the null hypothesis the two may be swapped; the test
is then exact, whatever the distribution.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist
from scipy.stats import norm

from rallypoint.errors import InvalidConfig
from rallypoint.intervals import Interval
from rallypoint.safety.certificates.sign_flips import Floats, flip_codes, p_value
from rallypoint.safety.certificates.verdicts import check_confidence

_ROUNDING = 1e-12  # of a sum of squares: what is left of it below that is no difference


class PairedPValues(NamedTuple):
    """How surprising the difference between two samples is, by two statistics."""

    means: float  # sum of squared standardised differences of means: a shift
    energy: float  # energy distance: any difference of the distributions

    @property
    def combined(self) -> float:
        """Of both together, by Bonferroni."""
        return min(1.0, 2 * min(self))


class Effect(NamedTuple):
    """How much of what differs within pairs is one and the same shift."""

    share: float  # 0 none of it, 1 all of it
    interval: Interval


def checked_pairs(first: ArrayLike, second: ArrayLike) -> tuple[Floats, Floats]:
    """Return both samples as float64 (n, k).

    Raises:
        InvalidConfig: they differ in shape, hold nothing, or numbers that are not finite.
    """
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.ndim != 2 or one.shape != other.shape or not one.size:
        raise InvalidConfig(
            f"paired samples have one shape (pairs, outputs), got {one.shape} and {other.shape}"
        )
    for sample in (one, other):
        if not np.isfinite(sample).all():
            row, column = np.argwhere(~np.isfinite(sample))[0].tolist()
            raise InvalidConfig(
                f"paired samples are finite, got {sample[row, column]} in pair {row}, output "
                f"{column}; a learner that diverges has no distribution to compare"
            )
    return one, other


def paired_p_values(first: ArrayLike, second: ArrayLike, rng: np.random.Generator) -> PairedPValues:
    """Test whether swapping the members of pairs changes anything: (n, k) twice.

    Both statistics are quadratic forms in the pairs' signs, and scaled by what swaps leave alone.

    Source of the second: Székely & Rizzo (2013), "Energy statistics", JSPI 143.
    """
    one, other = checked_pairs(first, second)
    codes = flip_codes(len(one), rng)
    return PairedPValues(
        means=p_value(shift_form(other - one), codes),
        energy=p_value(energy_form(one, other), codes),
    )


def shift_form(differences: Floats) -> Floats:
    """Return the form whose value is the sum over outputs of n mean² / mean square: (n, n)."""
    scaled = differences / _positive(np.sqrt(np.square(differences).sum(axis=0)))
    return scaled @ scaled.T


def energy_form(one: Floats, other: Floats) -> Floats:
    """Return the form whose value is n² times the energy distance of the samples: (n, n).

    Outputs are first divided by their standard deviation over both samples.
    """
    scale = _positive(np.concatenate([one, other]).std(axis=0))
    one, other = one / scale, other / scale
    within = cdist(one, one) + cdist(other, other)
    form: Floats = 2 * cdist(one, other) - within
    return form


def systematic_share(first: ArrayLike, second: ArrayLike, *, level: float = 0.95) -> Effect:
    """Estimate what share of the mean squared difference within pairs is systematic.

    Mean over outputs of E[d]² / E[d²], where E[d]² is estimated without bias, so that values
    around 0, negative ones too, are what no shift looks like. It is blind to differences in
    spread alone. Outputs that never differ do not count; if none does the share is 0.

    Args:
        first: (n, k).
        second: (n, k).
        level: of the interval, from the jackknife over pairs.

    Raises:
        InvalidConfig: records that are no pairs, or a level that is none.
    """
    check_confidence(level)
    one, other = checked_pairs(first, second)
    differences = other - one
    differences = differences[:, differences.any(axis=0)]
    num_pairs = len(one)
    if not differences.size or num_pairs < 3:
        return Effect(0.0, (0.0, 0.0) if not differences.size else (-1.0, 1.0))
    sums, squares = differences.sum(axis=0), np.square(differences).sum(axis=0)
    share = _share(sums, squares, num_pairs, squares)
    others = sums - differences, squares - np.square(differences)  # (n, k) each, without one pair
    without = _share(*others, num_pairs - 1, squares)  # (n,)
    spread = np.sqrt((num_pairs - 1) * np.square(without - without.mean()).mean())
    reach = norm.ppf(0.5 + level / 2) * spread
    return Effect(float(share), (max(-1.0, float(share - reach)), min(1.0, float(share + reach))))


def _share(sums: Floats, squares: Floats, num_pairs: int, whole: Floats) -> Floats:
    is_left = squares > _ROUNDING * whole  # else rounding is, of the only pair that differed
    shares = (np.square(sums) - squares) / ((num_pairs - 1) * np.where(is_left, squares, 1.0))
    mean: Floats = np.where(is_left, shares, 0.0).mean(axis=-1)
    return mean


def _positive(scale: Floats) -> Floats:
    """Let nothing be divided by 0: what does not vary is 0 already."""
    return np.where(scale > 0, scale, 1.0)


def power(
    first: ArrayLike,
    second: ArrayLike,
    rng: np.random.Generator,
    *,
    shift: float,
    level: float = 0.01,
    repetitions: int = 200,
) -> NDArray[np.bool_]:
    """Try whether the test would have found a shift in samples as noisy as these: (repetitions,).

    Pairs are drawn anew, and the members of each swapped at random, which makes the null
    hypothesis true; then the second is shifted in every output, up or down at random, by so many
    root mean squares of the differences.
    """
    one, other = checked_pairs(first, second)
    size = shift * np.sqrt(np.square(other - one).mean(axis=0))
    found = np.zeros(repetitions, dtype=bool)
    for repetition in range(repetitions):
        rows = rng.integers(len(one), size=len(one))
        swapped = rng.random(len(one))[:, None] < 0.5
        low, high = (
            np.where(swapped, other[rows], one[rows]),
            np.where(swapped, one[rows], other[rows]),
        )
        shifted = high + size * rng.choice([-1.0, 1.0], size=one.shape[1])
        found[repetition] = paired_p_values(low, shifted, rng).combined <= level
    return found
