"""Adaptive robust clipping."""

import numpy as np
import pytest

from rallypoint.safety.aggregation import aggregate
from rallypoint.safety.aggregation.rules.arc import ARC


def reference(updates, f):
    n, lengths = len(updates), np.linalg.norm(updates, axis=1)
    k = int(np.floor(2 * f * (n - f) / n))
    return updates * np.minimum(1, np.sort(lengths)[n - k - 1] / lengths)[:, None]


def test_it_shortens_the_longest_to_the_next(case, answer):
    updates, f, _ = case
    assert np.allclose(answer(ARC(), updates, f, origin=np.zeros(4)), reference(updates, f))


def test_by_hand(answer):
    updates = np.array([[3.0, 0], [0, 9], [2, 0]])  # k = 1: the 9 becomes a 3
    assert np.allclose(answer(ARC(), updates, 1, origin=np.zeros(2)), [[3, 0], [0, 3], [2, 0]])


@pytest.mark.parametrize("f", [0, 2])
def test_updates_that_all_agree_are_left_alone(answer, f):
    updates = np.ones((6, 3))
    assert np.allclose(answer(ARC(), updates, f, origin=np.zeros(3)), updates)


def test_without_lies_nothing_is_shortened(case, answer):
    updates, _, _ = case
    assert np.allclose(answer(ARC(), updates, 0, origin=np.zeros(4)), updates)


def test_zeros_stay_zeros(answer):
    updates = np.array([[0.0], [0], [0], [0], [7]])
    assert np.allclose(answer(ARC(), updates, 1, origin=np.zeros(1)), 0)


def test_updates_that_become_the_same_by_clipping_divide_by_nothing():
    rng = np.random.default_rng(0)
    for trial in range(200):
        line = rng.standard_normal(1 + trial % 3)
        updates = np.outer(rng.choice([0.0, 1, 1, -1, 3], 7), line)
        answer = aggregate("arc+geometric_median", updates, f=2)
        assert np.linalg.norm(answer) <= 3 * np.linalg.norm(line) * (1 + 1e-9)
