"""Precise Gram matrices: about which update, of which updates, and what where that is too far.

Products are rounded to about seven digits of the distance from the centre, so the centre should
lie among the updates that matter; rows that share a large mean must never be multiplied as they
are. The centre is therefore an update, the one most others are near to. It is found on a sample,
which a lie can be shaped to, so it is checked on the whole, and replaced if need be. A tight group
far from it, whose distances would drown in that rounding, gets a Gram matrix of its own.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from rallypoint.errors import InvalidUpdates
from rallypoint.safety.aggregation import kernels
from rallypoint.safety.aggregation.span import Matrix, squared_distances
from rallypoint.safety.aggregation.updates import AnchorOf, Indices, Updates

_NO_ANCHORS: Mapping[str, AnchorOf] = {}
_SAMPLE = 512  # columns on which the centre is chosen
# Squared distance over squared distance from the centre, below which too few digits are left.
_TIGHT = {np.dtype(np.float32): 1e-2, np.dtype(np.float64): 1e-10}


class Compared(NamedTuple):
    """The updates that can be compared, and what is known of them and of the anchors."""

    rows: Indices  # (r,)
    gram: Matrix  # (k, k)
    squared: Matrix | None = None  # (k, k) squared distances, where they were needed on the way


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
    sure = _sure_centres(rows, list(anchors), trusted) if 2 * f >= updates.n else []
    gram = points.gram(sure[0] if sure else _central(updates))
    if not np.isfinite(gram.diagonal()).all():
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
    points = updates.taking(rows, list(anchors.values()))
    hubs = [*range(updates.n, points.k), *trusted]
    # Lengths are compared, so they too must be precise where all updates share a large mean: not
    # about the origin, then, but about one of them, unless most may be lies.
    if 2 * f >= updates.n:
        sure = _sure_centres(rows, list(anchors), trusted)
        hubs.sort(key=lambda hub: hub not in sure[:1])
    elif not hubs or "origin" in anchors:
        hubs = [_central(updates), *hubs]
    gram = points.spokes(list(dict.fromkeys(hubs)) or [0])
    is_precise = True
    if "origin" in anchors and 2 * f < updates.n:
        origin = updates.n + list(anchors).index("origin")
        norms = _squared(gram)[: updates.n, origin]
        is_precise = (
            np.median(norms) >= _TIGHT[kernels.working(updates.dtype)] * gram[origin, origin]
        )
    if is_precise and np.isfinite(gram.diagonal()).all():
        return Compared(rows, gram)
    return compared(updates, f, anchors, trusted)


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
) -> tuple[Matrix, Matrix]:
    """Return the Gram that `refined` does, and the squared distances by it."""
    tight = _TIGHT[kernels.working(points.dtype)]
    squared = _squared(gram)
    centre, middle = _most_central(squared[: points.n, : points.n])
    if not is_sure and middle < tight * gram[centre, centre]:
        gram = points.gram(centre)  # the old centre was not among most of them
        squared = _squared(gram)
    norms = gram.diagonal()
    close = squared < tight * np.minimum(norms[:, None], norms)
    close.flat[:: len(close) + 1] = False  # everybody is close to itself
    if not close.any():
        return gram, squared
    for at, name in enumerate(anchors, start=points.n):
        if name == "median":  # of fewer updates, it is another point
            close[at] = close[:, at] = False
    while close.any():
        first = int(close.sum(axis=1).argmax())
        close[first, first] = True
        group = np.flatnonzero(close[first])
        gram = _merged(gram, group, first, points.group(group).gram(int(group.searchsorted(first))))
        close[group] = close[:, group] = False
    return gram, _squared(gram)


def _most_central(squared: Matrix) -> tuple[int, float]:
    """Return the point with the least median distance to all, and that, given squares (n, n)."""
    ordered = squared.copy()
    ordered.sort(axis=1)  # a NaN counts as far
    middle = ordered[:, len(ordered) // 2]
    at = int(middle.argmin())
    if np.isnan(middle[at]):  # argmin takes the first NaN for the least
        at = int(np.where(np.isnan(middle), np.inf, middle).argmin())
    return at, float(middle[at])


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
    for centre in [*_sure_centres(rows, list(anchors), trusted), *centres]:
        gram = points.gram(centre)
        kept = np.isfinite(gram.diagonal())
        gone = np.concatenate([np.flatnonzero(~finite), rows[~kept[: len(rows)]]])
        if len(gone) <= f and kept[len(rows) :].all():
            return rows[kept[: len(rows)]], gram[np.ix_(kept, kept)]
    refuse_too_many(np.sort(gone), f, "non-finite or have squares that overflow")
    raise InvalidUpdates(
        "anchors must be finite, and squared distances to them within the range of "
        f"{kernels.working(updates.dtype)}; give updates of float64, or anchors nearer to them"
    )


def _sure_centres(rows: Indices, anchors: Sequence[str], trusted: Sequence[int]) -> list[int]:
    """Return points that are not lies even if most updates are, by their places."""
    honest = np.flatnonzero(np.isin(rows, list(trusted)))[:1].tolist()
    given = [len(rows) + anchors.index(name) for name in ("root", "origin") if name in anchors]
    return [*given[:1], *honest] if "root" in anchors else [*honest, *given]


def _central(updates: Updates) -> int:
    """Return the update that most are near to, on a sample of columns."""
    sample = updates.first_columns(_SAMPLE)
    with np.errstate(over="ignore", invalid="ignore"):
        return _most_central(squared_distances(sample @ sample.T))[0]


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
