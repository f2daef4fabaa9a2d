"""Bulyan over Multi-Krum."""

import numpy as np
import pytest

from rallypoint.safety.aggregation import aggregate


def reference(updates, f):
    n = len(updates)
    squared = [[np.sum((x - y) ** 2) for y in updates] for x in updates]
    near = [
        sorted(set(range(n)) - {i}, key=row.__getitem__)[: n - f - 2]
        for i, row in enumerate(squared)
    ]
    scores, means = [sum(squared[i][j] for j in near[i]) for i in range(n)], []
    for size in range(n - f - 2, f, -1):  # n - 2 f - 2 of them
        first, *others = sorted(range(n), key=scores.__getitem__)
        means.append(updates[[first, *others][:size]].mean(axis=0))
        scores = [s - squared[i][first] * (first in near[i]) for i, s in enumerate(scores)]
        scores[first] = np.inf
    nearness = np.abs(means - np.median(means, axis=0)).argsort(axis=0, kind="stable")
    return np.take_along_axis(np.array(means), nearness[: n - 4 * f - 2], axis=0).mean(axis=0)


@pytest.mark.parametrize(("n", "f"), [(3, 0), (7, 1), (8, 1), (11, 2), (15, 3), (20, 3), (31, 7)])
def test_it_is_a_mean_around_the_median_of_means(n, f):
    rng = np.random.default_rng(n)
    for _ in range(5):
        updates = rng.standard_normal((n, 6))
        updates[:f] += 4
        found = aggregate("bulyan_multi_krum", updates, f)
        assert np.allclose(found, reference(updates, f), rtol=1e-12)


def test_by_hand():
    updates = np.array([[0], [1], [2], [3], [4], [100], [200]])
    # Scores by the 4 nearest others: 30, 15, 10, 15, 30, …, so 2, 1, 3 and 0, whose mean is 1.5.
    # Without 2: 26, 14, -, 14, 26, …, so 1, 3 and 0, 4/3. Without 1: 25, -, -, 10, 17, …, so 3 and
    # 4, 3.5. One is kept: the median.
    assert aggregate("bulyan_multi_krum", updates.astype(float), f=1) == pytest.approx([1.5])


def test_the_order_of_updates_makes_no_difference():
    rng = np.random.default_rng(0)
    updates = rng.standard_normal((15, 8))
    found = aggregate("bulyan_multi_krum", updates, f=3)
    for _ in range(5):
        mixed = rng.permutation(updates)
        assert np.allclose(aggregate("bulyan_multi_krum", mixed, f=3), found, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("lie", [1e12, np.nan])
def test_far_lies_leave_it_among_the_honest(dtype, lie):
    rng = np.random.default_rng(0)
    honest = rng.standard_normal((12, 200)).astype(dtype)
    updates = np.vstack([honest, np.full((3, 200), lie)]).astype(dtype)
    found = aggregate("bulyan_multi_krum", rng.permutation(updates), f=3)
    assert found.dtype == dtype
    assert (honest.min(axis=0) <= found).all()
    assert (found <= honest.max(axis=0)).all()
