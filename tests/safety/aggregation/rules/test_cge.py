"""Comparative gradient elimination."""

import numpy as np

from rallypoint.safety.aggregation.rules.cge import CGE


def reference(updates, f):
    return np.mean(sorted(updates, key=np.linalg.norm)[: len(updates) - f], axis=0)


def test_it_is_the_mean_of_the_shortest(case, answer):
    updates, f, _ = case
    assert np.allclose(answer(CGE(), updates, f, origin=np.zeros(4)), reference(updates, f))


def test_by_hand(answer):
    updates = np.array([[1.0, 0], [0, 2], [-3, 0], [0, 40]])
    assert np.allclose(answer(CGE(), updates, 1, origin=np.zeros(2)), [-2 / 3, 2 / 3])


def test_a_lie_no_longer_than_the_honest_is_believed(answer):
    updates = np.array([[1.0], [1.1], [1.2], [-0.9]])
    assert np.allclose(answer(CGE(), updates, 1, origin=np.zeros(1)), [0.4])


def test_of_equally_long_updates_the_last_leave(answer):
    updates = np.array([[2.0, 0], [0, 2], [-2, 0], [0, -2]])
    assert np.allclose(answer(CGE(), updates, 1, origin=np.zeros(2)), [0, 2 / 3])
