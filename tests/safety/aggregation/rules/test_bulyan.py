"""Bulyan."""

import numpy as np
import pytest

from rallypoint.safety.aggregation import aggregate

# Eleven updates of four coordinates, the last two shifted; the answer of another library.
RECORDED = np.random.default_rng(7).standard_normal((11, 4))
RECORDED[9:] += 3.0


def reference(updates, f):
    pool, chosen = list(range(len(updates))), []
    while len(chosen) < len(updates) - 2 * f:
        k = max(1, len(pool) - f - 2)
        near = [sorted(np.sum((updates[pool] - updates[i]) ** 2, axis=1))[1 : k + 1] for i in pool]
        chosen.append(pool.pop(int(np.argmin(np.sum(near, axis=1)))))
    nearness = np.abs(updates[chosen] - np.median(updates[chosen], axis=0)).argsort(axis=0)
    kept = nearness[: len(updates) - 4 * f]
    return np.take_along_axis(updates[chosen], kept, axis=0).mean(axis=0)


@pytest.mark.parametrize(("n", "f"), [(3, 0), (7, 1), (8, 1), (11, 2), (15, 3), (20, 3), (31, 7)])
def test_it_is_a_mean_around_the_median_of_what_krum_chose(n, f):
    rng = np.random.default_rng(n)
    for _ in range(5):
        updates = rng.standard_normal((n, 6))
        updates[:f] += 4
        assert np.allclose(aggregate("bulyan", updates, f), reference(updates, f), rtol=1e-12)


def test_by_hand():
    # Chosen are 2, 3.5, 1, 5 and 0; their median is 2, and 2, 1 and 3.5 are the nearest to it.
    updates = np.array([[0], [1], [2], [3.5], [5], [6], [100]])
    assert aggregate("bulyan", updates, f=1) == pytest.approx([13 / 6])
    plane = [(0, 0), (1, 0.1), (0.2, 1), (1.1, 1.3), (2.3, 0.9), (0.7, 2.2), (50, -50)]
    assert aggregate("bulyan", np.array(plane), f=1) == pytest.approx([2.3 / 3, 3.2 / 3])


def test_what_another_recorded():
    expected = [0.019381, -0.193133, 0.062151, 0.441152]
    assert np.allclose(aggregate("bulyan", RECORDED, f=2), expected, atol=5e-7)


def test_the_order_of_updates_makes_no_difference_from_three_liars_on():
    rng = np.random.default_rng(0)
    updates = rng.standard_normal((15, 8))
    found = aggregate("bulyan", updates, f=3)
    for _ in range(5):
        assert np.allclose(aggregate("bulyan", rng.permutation(updates), f=3), found, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("lie", [1e12, -1e30, np.nan])
def test_far_lies_leave_it_among_the_honest(dtype, lie):
    rng = np.random.default_rng(0)
    honest = rng.standard_normal((12, 200)).astype(dtype)
    updates = np.vstack([honest, np.full((3, 200), lie)]).astype(dtype)
    found = aggregate("bulyan", rng.permutation(updates), f=3)
    assert found.dtype == dtype
    assert (honest.min(axis=0) <= found).all()
    assert (found <= honest.max(axis=0)).all()


def test_one_coordinate_of_a_lie_near_the_others_moves_it_little():
    # In high dimension Krum takes a lie that is far off in a single coordinate.
    rng = np.random.default_rng(0)
    honest = rng.standard_normal((9, 1000))
    lie = honest.mean(axis=0) + 20 * np.eye(1000)[0]
    updates = np.vstack([honest, lie, lie])
    assert aggregate("krum", updates, f=2)[0] > 15
    assert abs(aggregate("bulyan", updates, f=2)[0]) < 1
