"""Precise Gram matrices: about which point, of which updates, and what where that is too far.

Products are rounded to about seven digits of the distance from the centre, so the centre should
lie among the updates that matter; rows that share a large mean must never be multiplied as they
are. Where they point in many directions, the origin lies among them, and nothing need be
subtracted. Elsewhere the centre is an update, the one most others are near to. Both are found on a
sample, which a lie can be shaped to, so they are checked on the whole, and replaced if need be. A
tight group far from the centre, whose distances would drown in that rounding, gets a Gram matrix of
its own.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.errors import InvalidUpdates
from rallypoint.safety.aggregation import kernels
from rallypoint.safety.aggregation.centres import (
    centre_of,
    most_central,
    nearest_first,
    sure_centres,
)
from rallypoint.safety.aggregation.compiling import DISTANCES
from rallypoint.safety.aggregation.faint import in_double_precision
from rallypoint.safety.aggregation.span import Matrix, squared_distances
from rallypoint.safety.aggregation.updates import AnchorOf, Indices, Updates

_NO_ANCHORS: Mapping[str, AnchorOf] = {}
# Squared distance over squared distance from the centre, below which too few digits are left.
_TIGHT = {np.dtype(np.float32): 1e-2, np.dtype(np.float64): 1e-10}
# Of squared lengths, relatively: a thousand roundings, by which most must differ to be compared.
_ALIKE = {np.dtype(np.float32): 1e-4, np.dtype(np.float64): 1e-13}
_MOST = float(np.finfo(np.float64).max) / 2**20  # of squares, so that no sums of them overflow


class Compared(NamedTuple):
    """The updates that can be compared, and what is known of them and of the anchors."""

    rows: Indices  # (r,)
    gram: Matrix  # (k, k)
    squared: Matrix | None = None  # (k, k) squared distances, where they were needed on the way
    ordered: Matrix | None = None  # (k, k) likewise, of each the nearest first


def compared(
    updates: Updates,
    f: int,
    anchors: Mapping[str, AnchorOf] = _NO_ANCHORS,
    trusted: Sequence[int] = (),
) -> Compared:
    """Return the updates that can be compared, and the Gram of them and the anchors.

    Left out are those that are not finite, and those so far off that squares overflow.

    Args:
        updates: n of them.
        f: how many may be left out.
        anchors: points beside the updates.
        trusted: updates known to be honest.

    Raises:
        InvalidUpdates: more than f of them, or an anchor that cannot be compared.
    """
    rows: Indices = np.arange(updates.n)
    points = updates.taking(rows, list(anchors.values()))
    sure = sure_centres(rows, list(anchors), trusted) if 2 * f >= updates.n else []
    centre = sure[0] if sure else centre_of(updates)
    gram = _about_the_origin(updates, rows, anchors) if centre is None else points.gram(centre)
    if not gram.diagonal().max() <= _MOST:
        rows, gram = _of_the_comparable(updates, f, anchors, trusted)
        points = updates.taking(rows, list(anchors.values()))
    return Compared(rows, *_refined(points, gram, list(anchors), is_sure=bool(sure)))


def seen_from(
    updates: Updates,
    f: int,
    anchors: Mapping[str, AnchorOf] = _NO_ANCHORS,
    trusted: Sequence[int] = (),
) -> Compared:
    """Return what `compared` does, where only products with anchors and trusted ones are needed.

    All others may be NaN, unless some updates are left out.

    Raises:
        InvalidUpdates: as there.
    """
    rows: Indices = np.arange(updates.n)
    # Lengths are compared, so they too must be precise where all updates share a large mean: not
    # about the origin, then, but about one of them, unless most may be lies.
    are_lengths = 2 * f < updates.n and ("origin" in anchors or not (anchors or trusted))
    centre = centre_of(updates) if are_lengths else None
    points = updates.taking(rows, list(anchors.values()))
    if are_lengths and centre is None:
        gram = _about_the_origin(updates, rows, anchors, trusted)
        is_precise = "origin" not in anchors or _differ(gram, updates)
    else:
        hubs = [*range(updates.n, points.k), *trusted]
        if centre is not None:
            hubs = [centre, *hubs]
        elif 2 * f >= updates.n:
            sure = sure_centres(rows, list(anchors), trusted)
            hubs.sort(key=lambda hub: hub not in sure[:1])
        first, *others = dict.fromkeys(hubs or [0])
        gram = points.spokes(first, others)
        is_precise = not ("origin" in anchors and are_lengths) or _is_amid(gram, points, anchors)
    is_precise &= in_double_precision(points, gram, is_sure=2 * f >= updates.n) is None
    if is_precise and gram.diagonal().max() <= _MOST:
        return Compared(rows, gram)
    return compared(updates, f, anchors, trusted)


def _is_amid(gram: Matrix, points: Updates, anchors: Mapping[str, AnchorOf]) -> bool:
    """Say whether the centre is among most updates, by their distances from the origin."""
    origin = points.n + list(anchors).index("origin")
    norms = np.sort(_squared(gram)[: points.n, origin])
    return bool(
        norms[points.n // 2] >= _TIGHT[kernels.working(points.dtype)] * gram[origin, origin]
    )


def _differ(gram: Matrix, updates: Updates) -> bool:
    """Say whether lengths, from a Gram about the origin, differ by more than their rounding.

    Where most are as good as the same, updates may share a large mean in columns not on the sample.
    """
    lengths = np.sort(gram.diagonal()[: updates.n])
    half = updates.n // 2
    with np.errstate(invalid="ignore"):
        apart = lengths[half:] - lengths[: updates.n - half]
        return bool((apart > _ALIKE[kernels.working(updates.dtype)] * lengths[half:]).all())


def _about_the_origin(
    updates: Updates,
    rows: Indices,
    anchors: Mapping[str, AnchorOf],
    trusted: Sequence[int] | None = None,
) -> Matrix:
    """Return the Gram of updates and anchors; given trusted ones, what is seen from them alone."""
    others = [anchor for name, anchor in anchors.items() if name != "origin"]
    points = updates.taking(rows, others)
    if trusted is None:
        gram = points.gram(None)
    else:
        gram = points.spokes(None, [*range(points.n, points.k), *trusted])
    if len(others) == len(anchors):
        return gram
    at = points.n + list(anchors).index("origin")
    whole: Matrix = np.zeros((points.k + 1, points.k + 1))
    whole[:at, :at] = gram[:at, :at]
    whole[at + 1 :, :at], whole[:at, at + 1 :] = gram[at:, :at], gram[:at, at:]
    whole[at + 1 :, at + 1 :] = gram[at:, at:]
    return whole


def refined(
    points: Updates, gram: Matrix, anchors: Sequence[str] = (), *, is_sure: bool = False
) -> Matrix:
    """Return the Gram of updates and anchors, precise also among those far from its centre.

    Args:
        points: to compute more with.
        gram: their inner products about any of them.
        anchors: the names of those that are no updates.
        is_sure: whether the centre is among the honest even if most others are not.
    """
    return _refined(points, gram, anchors, is_sure=is_sure)[0]


def _refined(
    points: Updates, gram: Matrix, anchors: Sequence[str], *, is_sure: bool
) -> tuple[Matrix, Matrix, Matrix | None]:
    """Return the Gram that `refined` does, and by it what else `Compared` holds."""
    if (exactly := in_double_precision(points, gram, is_sure=is_sure)) is not None:
        points, gram = exactly
    tight = _TIGHT[kernels.working(points.dtype)]
    if points.k > 1 and (loops := DISTANCES.loops(points.k)) is not None:
        squared, ordered = np.empty_like(gram), np.empty_like(gram)
        if loops.surveyed(gram, tight, squared, ordered):
            return gram, squared, ordered
    squared, norms = _squared(gram), gram.diagonal()
    if points.k > 1 and ((ordered := nearest_first(squared))[:, 1] >= tight * norms).all():
        return gram, squared, ordered  # not even the nearest are close, as is soon seen
    if not is_sure:
        centre, middle = most_central(squared[: points.n, : points.n])
        if middle < tight * norms[centre]:
            gram = points.gram(centre)  # the old centre was not among most of them
            squared, norms = _squared(gram), gram.diagonal()
    close = squared < tight * np.minimum(norms[:, None], norms)
    close.flat[:: len(close) + 1] = False  # everybody is close to itself
    if not close.any():
        return gram, squared, None
    for at, name in enumerate(anchors, start=points.n):
        if name == "median":  # of fewer updates, it is another point
            close[at] = close[:, at] = False
    gram = _groups_about_their_own(points, gram, close)
    return gram, _squared(gram), None


def _groups_about_their_own(points: Updates, gram: Matrix, close: NDArray[np.bool_]) -> Matrix:
    """Return a Gram in which the points of each group, close (k, k) to its first, are precise."""
    while close.any():
        first = int(close.sum(axis=1).argmax())
        close[first, first] = True
        group = np.flatnonzero(close[first])
        gram = _merged(gram, group, first, points.group(group).gram(int(group.searchsorted(first))))
        close[group] = close[:, group] = False
    return gram


def refuse_too_many(gone: Indices, f: int, why: str) -> None:
    """Refuse to go on without more than f updates.

    Raises:
        InvalidUpdates: says which.
    """
    if len(gone) > f:
        raise InvalidUpdates(
            f"at most f = {f} updates may be {why}, and {len(gone)} are: rows "
            f"{', '.join(map(str, gone[:20]))}{', …' if len(gone) > 20 else ''}"
        )


def _of_the_comparable(
    updates: Updates, f: int, anchors: Mapping[str, AnchorOf], trusted: Sequence[int]
) -> tuple[Indices, Matrix]:
    magnitudes = updates.magnitudes()
    finite = np.isfinite(magnitudes)
    refuse_too_many(np.flatnonzero(~finite), f, "non-finite")
    rows: Indices = np.flatnonzero(finite)
    points = updates.taking(rows, list(anchors.values()))
    # Of middling size, which is no larger than some honest one if most are honest; or the smallest,
    # which is no larger even if they are not.
    order = np.argsort(magnitudes[rows], kind="stable")
    centres = [int(order[(len(order) - 1) // 2]), int(order[0])]
    for centre in [*sure_centres(rows, list(anchors), trusted), *centres]:
        gram = points.gram(centre)
        kept = gram.diagonal() <= _MOST
        gone = np.concatenate([np.flatnonzero(~finite), rows[~kept[: len(rows)]]])
        if len(gone) <= f and kept[len(rows) :].all():
            return rows[kept[: len(rows)]], gram[np.ix_(kept, kept)]
    refuse_too_many(np.sort(gone), f, "non-finite or have squares that overflow")
    far = [name for name, is_near in zip(anchors, kept[len(rows) :], strict=True) if not is_near]
    working = kernels.working(updates.dtype)
    more = "" if working == np.float64 else "updates of float64, or "
    raise InvalidUpdates(
        f"anchors must be finite, and squared distances to them within the range of {working}: not "
        f"so {', '.join(far)}; give {more}one that is nearer to the updates"
    )


def _squared(gram: Matrix) -> Matrix:
    with np.errstate(over="ignore", invalid="ignore"):
        return squared_distances(gram)


def _merged(gram: Matrix, group: Indices, first: int, own: Matrix) -> Matrix:
    """Put a group's Gram about its first member into that of all, about another centre.

    With u the offset from the first member, x = first + u, and so x·y = first·(x + y - first) +
    u·v, where everything is about the common centre.
    """
    to_first = gram[first, group]
    merged = gram.copy()
    merged[np.ix_(group, group)] = to_first[:, None] + to_first - gram[first, first] + own
    return merged
