"""Where lies go: what honest updates have in common, how they spread, and ways away from them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.errors import InvalidConfig, did_you_mean
from rallypoint.safety.threats.update import Updates

Row = NDArray[np.float64]
_SMALL = 1e-140  # a length whose squares are far from the smallest numbers that there are
DIRECTIONS = ("mean", "unit", "sign", "std")


def mean_of(rows: Updates) -> Row:
    """Return the mean (d,) of rows (k, d), in float64."""
    mean: Row = rows.mean(axis=0, dtype=np.float64)
    return mean


def deviation_of(rows: Updates, mean: Row) -> Row:
    """Return the standard deviation (d,) of rows (k, d), with k - 1; zeros for a single row."""
    if len(rows) == 1:
        return np.zeros_like(mean)
    deviation: Row = rows.std(axis=0, dtype=np.float64, ddof=1, mean=mean[None])
    return deviation


def check_direction(name: str) -> None:
    """Refuse a direction that there is not.

    Raises:
        InvalidConfig: names the nearest.
    """
    if name not in DIRECTIONS:
        raise InvalidConfig(
            f"no direction of lies is called {name!r}{did_you_mean(name, DIRECTIONS)}"
        )


def away(name: str, rows: Updates, mean: Row) -> Row:
    """Return the direction (d,) of a name, away from what rows (k, d) have in common.

    "mean" is minus their mean, "unit" that at length 1, "sign" minus its signs, "std" minus their
    standard deviation in each coordinate.
    """
    match name:
        case "mean":
            return -mean
        case "unit":
            return -mean / (length_of(mean) or 1.0)
        case "sign":
            return -np.sign(mean)
        case _:
            return -deviation_of(rows, mean)


def spread_of(rows: Updates, mean: Row) -> float:
    """Return the root mean squared distance of rows (k, d) from their mean."""
    return float(np.sqrt(np.square(rows - mean).sum(axis=1).mean()))


def length_of(row: NDArray[Any]) -> float:
    """Return the length of a vector, also where its square would overflow."""
    largest = float(np.abs(row).max(initial=0))
    if not largest or not np.isfinite(largest):
        return largest
    return largest * float(np.linalg.norm(row / largest))


def lengths_of(rows: Updates) -> Row:
    """Return the length of each row (n, d), in float64: (n,); NaN or infinite if the row is."""
    wide = rows.astype(np.float64, copy=False)
    with np.errstate(over="ignore", invalid="ignore"):
        lengths: Row = np.sqrt(np.einsum("nd,nd->n", wide, wide))
    for place in np.flatnonzero(~((lengths > _SMALL) & (lengths < np.inf))).tolist():
        lengths[place] = length_of(wide[place])  # its squares may be too large, or too small
    return lengths


def shortened(rows: Updates, limit: float) -> Updates:
    """Return finite rows (k, d), none of them of zeros, cut to a length, and never beyond it.

    Rounded to the nearest, a number x moves by up to eps |x| / 2, and so does a length, relatively:
    6e-8 for numbers of 32 bits, but 5e-4 for those of 16. And the smallest numbers are all as far
    apart, s: d of them can add s sqrt(d) / 2 to a length, however short it is. So what has moved
    up is moved on towards 0, and no number is farther from 0 than it would be without rounding.
    """
    # Lengths in units of a power of two, and rows in those of their largest number: so there is no
    # square, and no factor, that overflows or is one of the smallest numbers itself.
    mantissa, exponent = np.frexp(limit)
    exact = rows.astype(np.float64)  # (k, d)
    exact /= np.abs(exact).max(axis=1, keepdims=True)
    exact *= (mantissa / lengths_of(exact))[:, None]
    cut: Updates = np.ldexp(exact, exponent).astype(rows.dtype)
    beyond = np.abs(np.ldexp(cut.astype(np.float64), -exponent)) > np.abs(exact)
    cut[beyond] = np.nextafter(cut[beyond], rows.dtype.type(0))
    return cut


def repeated(row: NDArray[Any], shape: tuple[int, int]) -> Updates:
    """Return the same row for everybody: (f_real, d)."""
    return np.broadcast_to(row, shape)
