"""Visits of the rarest action: as counted one by one, and as the schedules' exponents say."""

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig
from rallypoint.safety.certificates.exploration import growth, visits_by

CHECKPOINTS = np.array([1_000, 10_000, 300_000])


def test_visits_are_those_that_a_loop_counts():
    rng = np.random.default_rng(0)
    cells, kept = rng.integers(5, size=200), rng.random(200) < 0.5
    steps = np.array([1, 50, 51, 150])  # what comes after 150 does not count
    for mask in (None, kept):
        counted = np.zeros((4, 6), dtype=int)
        for step in range(150):
            if mask is None or mask[step]:
                counted[steps > step, cells[step]] += 1
        np.testing.assert_array_equal(visits_by(cells, 6, steps, mask), counted)


def joint_actions_under(exponent, rng):
    """Two agents in one state: greedy and overriding action 0, both schedules n^-exponent."""
    n = np.arange(1, CHECKPOINTS[-1] + 1)
    explores = n**-exponent  # epsilon
    rare = (n**-exponent) * explores / 2  # action 1: not interrupted, and explored
    own = rng.random((2, len(n))) < rare
    return own[0] * 2 + own[1]


@pytest.mark.parametrize(("exponent", "verdict"), [(1 / 4, "grows"), (1 / 2, "stalls")])
def test_the_exponent_1_over_2m_keeps_trying_everything_and_1_over_m_does_not(exponent, verdict):
    """With m = 2 the n-th visit tries the rarest with probability n^(-4 exponent) / 4."""
    rng = np.random.default_rng(0)
    runs = [visits_by(joint_actions_under(exponent, rng), 4, CHECKPOINTS) for _ in range(60)]
    found = growth(np.array(runs), CHECKPOINTS, least=0.15)
    assert found.verdict == verdict
    if verdict == "grows":
        assert found.interval[0] <= 0.25 <= found.interval[1]
        assert found.new_visits == pytest.approx(60 * np.log(300) / 4, abs=4 * np.sqrt(85))


def test_the_interval_is_that_of_poisson_counts():
    """Garwood's limits: 0 visits, 3.69; 10 visits, 4.80 to 18.39."""
    steps = np.array([1, 3])
    for visits, limits in ((0, (0, 3.689)), (10, (4.795, 18.39))):
        counts = np.array([[[0, 50], [visits, 90]]])
        found = growth(counts, steps, least=100)
        np.testing.assert_allclose(np.array(found.interval) * np.log(3), limits, atol=5e-3)
        assert found.per_e_fold == pytest.approx(visits / np.log(3))
    assert growth(counts, steps, least=9).verdict == "undecided"


def test_what_is_not_counted_in_order_is_refused():
    with pytest.raises(InvalidConfig, match=r"growing numbers of steps in 1\.\.4, got \[2, 2\]"):
        visits_by(np.zeros(4, int), 2, np.array([2, 2]))
    with pytest.raises(InvalidConfig, match=r"numbers in 0\.\.1, got 0\.\.2"):
        visits_by(np.array([0, 2]), 2, np.array([2]))
    with pytest.raises(InvalidConfig, match="a checkpoint after number 1"):
        growth(np.zeros((1, 2, 4)), np.array([1, 2]), least=1, since=1)
    for wrong in (0, np.nan):
        with pytest.raises(InvalidConfig, match="least gain that counts is a number > 0"):
            growth(np.zeros((1, 2, 2), int), np.array([1, 2]), least=wrong)
