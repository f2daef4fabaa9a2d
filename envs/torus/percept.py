"""What an agent makes of where the others stand: five bins along each of two axes.

The offset from the observer to somebody falls, along each axis, in one of five bins; the 25 pairs
of bins are the entries of the percept, and each holds the share of the population found there. A
share says nothing about how many there are, so one policy serves any number of agents. Whoever
is beyond the outer limit of either axis is not seen: the entries then sum to less than 1.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rallypoint.errors import InvalidConfig

Limits = tuple[int, int, int]  # the farthest offset that is still in the centre, near and far

BINS = ("far-", "near-", "centre", "near+", "far+")
ENTRIES = len(BINS) ** 2  # entry 5 i + j: bin i along x, bin j along y
CENTRE = ENTRIES // 2  # the observer is always there


def checked_limits(limits: Sequence[int], width: int) -> Limits:
    """Return the limits of the bins if a torus of this width has room for them.

    Raises:
        InvalidConfig: the width is even or the limits do not grow from 0 or more to at most W // 2.
    """
    if width % 2 == 0:
        raise InvalidConfig(
            f"width is odd, got {width}: on an even torus the column opposite an agent lies as far "
            "to the left as to the right, so no percept could tell its mirror image"
        )
    are_integers = all(
        isinstance(limit, int | np.integer) and not isinstance(limit, bool) for limit in limits
    )
    if len(limits) != 3 or not are_integers or not 0 <= limits[0] < limits[1] < limits[2]:
        raise InvalidConfig(
            "limits are three growing integers >= 0, the farthest offsets of the centre, the near "
            f"and the far bins, such as (1, 3, 5), got {limits!r}"
        )
    centre, near, far = (int(limit) for limit in limits)
    if far > width // 2:
        raise InvalidConfig(
            f"the far limit is at most {width // 2} on a torus of width {width}, got {far}: "
            "beyond it an agent would see others twice"
        )
    return centre, near, far


def bin_by_offset(width: int, limits: Limits) -> NDArray[np.int64]:
    """Return the bin of each offset 0 … W - 1 ahead, as an index into BINS; -1 for unseen: (W,).

    >>> bin_by_offset(15, (1, 3, 5)).tolist()
    [2, 2, 3, 3, 4, 4, -1, -1, -1, -1, 0, 0, 1, 1, 2]
    """
    ahead = np.arange(width)
    distance = np.minimum(ahead, width - ahead)
    beyond = np.searchsorted(limits, distance)  # 0 centre, 1 near, 2 far, 3 unseen
    return np.where(beyond == 3, -1, np.where(ahead <= width // 2, 2 + beyond, 2 - beyond))


def axis_table(width: int, limits: Limits) -> NDArray[np.bool_]:
    """Tell in which bin a place on an axis is seen from another: (5, there W + 1, here W + 1).

    Place W is nowhere's, which sees nobody and is seen by nobody.
    """
    place = np.arange(width)
    bins = bin_by_offset(width, limits)[(place[:, None] - place) % width]  # (there, here)
    table = np.zeros((len(BINS), width + 1, width + 1), dtype=bool)
    table[:, :width, :width] = bins == np.arange(len(BINS))[:, None, None]
    return table


def places(width: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the place of each cell along x and along y, W for nowhere: (W² + 1,) each."""
    x, y = np.divmod(np.arange(width**2), width)
    return np.append(x, width), np.append(y, width)


def middles(limits: Limits) -> NDArray[np.float64]:
    """Return the mean offset of each bin along an axis: (5,).

    >>> middles((1, 3, 5)).tolist()
    [-4.5, -2.5, 0.0, 2.5, 4.5]
    """
    centre, near, far = limits
    ahead = np.array([(centre + 1 + near) / 2, (near + 1 + far) / 2])
    return np.concatenate([-ahead[::-1], [0.0], ahead])


def spoken_of(limits: Limits) -> NDArray[np.int64]:
    """Return a whole offset in the middle of each entry's bins: (25, 2).

    Of two cells in the middle of a bin it is the nearer one, so that mirror images stay such.
    """
    along = np.trunc(middles(limits)).astype(np.int64)
    return np.stack(np.meshgrid(along, along, indexing="ij"), axis=-1).reshape(ENTRIES, 2)
