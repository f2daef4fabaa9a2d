"""The coordinate median."""

import numpy as np
import pytest

from rallypoint.safety.aggregation import aggregate, aggregators

# Eleven updates of four coordinates, the last two shifted; answers of other people's libraries.
RECORDED = np.random.default_rng(7).standard_normal((11, 4))
RECORDED[9:] += 3.0


def reference(updates):
    ordered = np.array([sorted(column) for column in updates.T]).T
    n = len(updates)
    return (ordered[(n - 1) // 2] + ordered[n // 2]) / 2


def test_it_is_the_middle_of_each_coordinate(case):
    updates, f, _ = case
    assert np.allclose(aggregate("median", updates, f), reference(updates), rtol=1e-15)


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (11, [-0.048501, -0.235091, -0.029252, 0.271264]),
        (10, [-0.251586, -0.346353, -0.151695, -0.103244]),  # not the lower of the middle two
    ],
)
def test_what_others_recorded(n, expected):
    assert np.allclose(aggregate("median", RECORDED[:n], f=2), expected, atol=5e-7)


def test_by_hand():
    assert aggregate("median", np.array([[1.0], [2], [3], [4], [100]]), f=1) == [3]
    assert aggregate("median", np.array([[1.0], [2], [4], [100]]), f=1) == [3]
    assert aggregate("median", np.array([[7.0]]), f=0) == [7]


def test_its_constant():
    assert aggregators["median"]().robustness(7, 2) == pytest.approx(3 / 2)
