"""Each rule in a few lines, in float64: what answers are held against.

A rule may have several: the first is ours, the others are what somebody else means by it.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import combinations
from typing import Any

RIGHT = "right"
Definition = Callable[[Any, int], Any]  # updates (n, d), f -> (d,)


def definitions_of(rule: str) -> Sequence[tuple[str, Definition]]:
    """Return what a rule may be, each with what to say of it."""
    mixings, _, last = rule.rpartition("+")
    if mixings and last == "mda":
        return []  # mixed updates can coincide, and then subsets of equal diameter differ
    if mixings:
        return [
            (said, partial(_after_nnm, definition)) for said, definition in definitions_of(last)
        ]
    return {
        "mean": [(RIGHT, lambda x, _: x.mean(axis=0))],
        "median": [(RIGHT, _median), ("wrong: the lower middle of an even number", _lower_median)],
        "trimmed_mean": [(RIGHT, lambda x, f: _ordered(x)[f : len(x) - f].mean(axis=0))],
        "meamed": [
            (RIGHT, lambda x, f: _nearest(x, _median(x, f), len(x) - f)),
            (
                "wrong: about the lower middle",
                lambda x, f: _nearest(x, _lower_median(x, f), len(x) - f),
            ),
        ],
        "phocas": [
            (RIGHT, lambda x, f: _nearest(x, _ordered(x)[f : len(x) - f].mean(axis=0), len(x) - f))
        ],
        "sign_vote": [],
        "krum": [
            (RIGHT, lambda x, f: x[_scores(x, len(x) - f - 2).argmin()]),
            (f"{RIGHT} (its variant nf)", lambda x, f: x[_scores(x, len(x) - f - 1).argmin()]),
        ],
        "multi_krum": [
            (RIGHT, lambda x, f: _best(x, len(x) - f - 2, len(x) - f - 2)),
            (f"{RIGHT} (its variant nf)", lambda x, f: _best(x, len(x) - f - 1, len(x) - f - 2)),
            ("another m: n - f", lambda x, f: _best(x, len(x) - f - 1, len(x) - f)),
        ],
        "bulyan": [(RIGHT, _bulyan)],
        "geometric_median": [(RIGHT, _geometric_median)],
        "mda": [(RIGHT, _least_diameter)],
        "cge": [(RIGHT, lambda x, f: x[_norms(x).argsort()[: len(x) - f]].mean(axis=0))],
        "monna": [(RIGHT, lambda x, f: x[_norms(x - x[0]).argsort()[: len(x) - f]].mean(axis=0))],
        "aksel": [
            (RIGHT, lambda x, _: _about_median(x, -(-len(x) // 2))),
            (f"{RIGHT} (its variant nf)", lambda x, f: _about_median(x, len(x) - f)),
        ],
        "centered_clipping": [(RIGHT, _clipped)],
        "caf": [(RIGHT, _caf)],
    }.get(rule, [])


def _ordered(x: Any) -> Any:
    import numpy as np

    return np.sort(x, axis=0)


def _norms(x: Any) -> Any:
    import numpy as np

    return np.linalg.norm(x, axis=1)


def _median(x: Any, f: int) -> Any:
    import numpy as np

    del f
    return np.median(x, axis=0)


def _lower_median(x: Any, f: int) -> Any:
    del f
    return _ordered(x)[(len(x) - 1) // 2]


def _nearest(x: Any, middle: Any, keep: int) -> Any:
    import numpy as np

    return np.take_along_axis(x, np.abs(x - middle).argsort(axis=0)[:keep], axis=0).mean(axis=0)


def _squared(x: Any) -> Any:
    return ((x[:, None] - x) ** 2).sum(axis=2)


def _scores(x: Any, neighbours: int) -> Any:
    return _ordered(_squared(x))[1 : neighbours + 1].sum(axis=0)


def _best(x: Any, neighbours: int, m: int) -> Any:
    return x[_scores(x, neighbours).argsort(kind="stable")[:m]].mean(axis=0)


def _bulyan(x: Any, f: int) -> Any:
    pool, chosen = list(range(len(x))), []
    while len(chosen) < len(x) - 2 * f:
        scores = _scores(x[pool], max(1, len(pool) - f - 2))
        chosen.append(pool.pop(int(scores.argmin())))
    return _nearest(x[chosen], _median(x[chosen], f), len(x) - 4 * f)


def _geometric_median(x: Any, f: int) -> Any:
    import numpy as np

    del f
    middle = x.mean(axis=0)
    for _ in range(2000):
        weights = 1 / np.maximum(_norms(x - middle), 1e-12)
        middle = weights @ x / weights.sum()
    return middle


def _least_diameter(x: Any, f: int) -> Any:
    squared = _squared(x)
    subsets = map(list, combinations(range(len(x)), len(x) - f))
    return x[min(subsets, key=lambda s: squared[s][:, s].max())].mean(axis=0)


def _about_median(x: Any, keep: int) -> Any:
    return x[_norms(x - _median(x, 0)).argsort(kind="stable")[:keep]].mean(axis=0)


def _clipped(x: Any, f: int) -> Any:
    import numpy as np

    del f
    return (x * np.minimum(1, 1 / _norms(x))[:, None]).mean(axis=0)


def _caf(x: Any, f: int) -> Any:
    import numpy as np

    weights, least, best = np.ones(len(x)), np.inf, None
    while weights.sum() > len(x) - 2 * f:
        middle = weights @ x / weights.sum()
        offsets = (x - middle) * np.sqrt(weights / weights.sum())[:, None]
        _, spread, directions = np.linalg.svd(offsets, full_matrices=False)
        if spread[0] < least:
            least, best = spread[0], middle
        tau = ((x - middle) @ directions[0]) ** 2
        weights = weights * np.maximum(0, 1 - tau / tau[weights > 0].max())
    return best


def _after_nnm(definition: Definition, x: Any, f: int) -> Any:
    import numpy as np

    nearest = _squared(x).argsort(axis=1, kind="stable")[:, : len(x) - f]
    return definition(np.stack([x[rows].mean(axis=0) for rows in nearest]), f)
