"""Phocas, the mean around the trimmed mean."""

import numpy as np
import pytest

from rallypoint.safety.aggregation import aggregate


def reference(updates, f):
    keep, answer = len(updates) - f, []
    for column in updates.T:
        middle = np.mean(sorted(column)[f:keep])
        answer.append(np.mean(sorted(column, key=lambda v, c=middle: (abs(v - c), v))[:keep]))
    return np.array(answer)


def test_it_is_the_mean_of_the_nearest_to_the_trimmed_mean(case):
    updates, f, _ = case
    assert np.allclose(aggregate("phocas", updates, f), reference(updates, f), rtol=1e-13)


def test_by_hand():
    assert aggregate("phocas", np.array([[1.0], [2], [3], [4], [100]]), f=1) == [2.5]
    # From 4/3, the mean without both ends, -1 is further than 3.2; from the median it is not.
    updates = np.array([[-1.0], [0], [1], [3], [3.2]])
    assert aggregate("phocas", updates, f=1) == pytest.approx([1.8])
    assert aggregate("meamed", updates, f=1) == pytest.approx([0.75])


def test_of_two_that_are_equally_near_the_smaller_counts():
    updates = np.array([[2.0], [0], [-2], [1], [-1]])  # trimmed mean 0
    for turned in range(5):
        assert aggregate("phocas", np.roll(updates, turned, axis=0), f=1) == [-0.5]
