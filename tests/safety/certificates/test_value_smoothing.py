"""Smoothed values: the limits of the radius, and no radius above the truth."""

import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete
from scipy.special import ndtr, ndtri

from rallypoint.batch_env import Group
from rallypoint.errors import InvalidConfig
from rallypoint.safety.certificates.smoothed_action import ABSTAINS
from rallypoint.safety.certificates.value_smoothing import average_values, certified_values

GROUP = Group("agents", ("a",), Box(-9, 9, (2,), np.float32), Discrete(2))
MANY = 10**12  # samples: averages are as good as known


class Step:
    """One action is worth 1 on the positive side of a line, the other on the negative."""

    weights = np.array([3.0, 4.0])

    def outputs(self, observations):
        side = (observations["agents"] @ self.weights > 0).astype(np.float64)
        return np.stack([side, 1 - side], axis=-1)


@pytest.mark.parametrize("share", [0.6, 0.9, 0.99])
def test_two_actions_about_the_middle_of_the_range_have_the_radius_of_a_probability(share):
    found = certified_values(
        np.array([share, 1 - share]), samples=MANY, low=0.0, high=1.0, sigma=0.5
    )
    assert np.isclose(found.radius, 0.5 * ndtri(share), rtol=1e-3)
    assert found.radii.tolist() == [0.0, found.radius]


def test_averages_are_bounded_from_both_sides_for_all_actions_together():
    # Each of 2 K bounds may be wrong with alpha / 2 K, by Hoeffding's inequality; by hand:
    samples, alpha, low, high = 400, 0.06, -10.0, 30.0
    off = (high - low) * np.sqrt(np.log(2 * 3 / alpha) / (2 * samples))
    best, other = (26.0 - off - low) / (high - low), (2.0 + off - low) / (high - low)
    found = certified_values(
        np.array([2.0, 26.0, -3.0]), samples=samples, low=low, high=high, sigma=0.7, alpha=alpha
    )
    assert found.action == 1
    assert np.isclose(found.radius, 0.7 / 2 * (ndtri(best) - ndtri(other)), rtol=1e-12)


def test_no_radius_is_above_the_distance_to_the_line():
    rng = np.random.default_rng(0)
    seen = rng.normal(0, 0.3, (60, 1, 2)).astype(np.float32)
    averages = average_values(
        Step(), GROUP, seen, sigma=0.4, samples=3000, low=0.0, high=1.0, seed=1
    )
    found = certified_values(averages, samples=3000, low=0, high=1, sigma=0.4, alpha=0.001)
    true = np.abs(seen @ Step.weights) / 5.0
    assert np.allclose(averages[..., 0], ndtr((seen @ Step.weights) / 2.0), atol=0.05)
    stands = found.action != ABSTAINS
    assert stands.mean() > 0.7
    assert (found.radius <= true).all()
    assert (found.action == (seen @ Step.weights < 0))[stands].all()


def test_a_looser_range_makes_the_radius_smaller():
    averages = np.array([2.0, 1.0, 0.5])
    radii = [
        certified_values(averages, samples=1_000_000, low=-w, high=w, sigma=1.0).radius
        for w in (3, 10, 30)
    ]
    assert radii[0] > radii[1] > radii[2] > 0
    far = certified_values(averages, samples=10_000, low=-1e4, high=1e4, sigma=1.0)
    assert (far.action, far.radius) == (ABSTAINS, 0.0)


def test_the_nearest_other_action_gives_the_radius():
    found = certified_values(
        np.array([[0.9, 0.1, 0.5]]), samples=100_000, low=0.0, high=1.0, sigma=1.0
    )
    assert found.radii[0, 0] == 0.0 < found.radii[0, 2] < found.radii[0, 1]
    assert found.radius[0] == found.radii[0, 2]


def test_where_it_abstains_whatever_may_be_the_best_comes_about_by_itself():
    found = certified_values(
        np.array([0.6, 0.1, 0.6]), samples=100_000, low=0.0, high=1.0, sigma=1.0
    )
    assert found.action == ABSTAINS
    assert found.radii[[0, 2]].tolist() == [0.0, 0.0]
    assert found.radii[1] > 0.5


def test_averages_hold_as_often_as_they_say():
    # With two actions as good as each other, one is called better at most as often as alpha.
    rng = np.random.default_rng(2)
    averages = rng.binomial(50, 0.5, (20_000, 3)) / 50
    found = certified_values(averages, samples=50, low=0.0, high=1.0, sigma=1.0, alpha=0.1)
    assert (found.action != ABSTAINS).mean() <= 0.1


def test_values_are_cut_to_the_range():
    seen = np.full((1, 1, 2), 5.0, dtype=np.float32)
    averages = average_values(
        Step(), GROUP, seen, sigma=0.1, samples=70_000, low=0.2, high=0.7, seed=0
    )
    assert np.allclose(averages, [[[0.7, 0.2]]])
    assert averages.max() <= 0.7


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sigma": 0.0}, "without noise"),
        ({"low": 1.0}, "low < high"),
        ({"high": np.inf}, "low < high"),
        ({"samples": 0}, "one sample or more"),
        ({"low": 0.5}, r"cut to \[0.5, 1.0\]"),
        ({"alpha": 0.7}, "alpha"),
    ],
)
def test_what_cannot_be_meant_is_refused(settings, message):
    usual = {"samples": 10, "low": 0.0, "high": 1.0, "sigma": 1.0}
    with pytest.raises(InvalidConfig, match=message):
        certified_values(np.array([0.6, 0.4]), **(usual | settings))


def test_averages_need_samples_and_a_norm():
    settings = {"sigma": 1.0, "low": 0.0, "high": 1.0, "seed": 0}
    seen = np.zeros((1, 1, 2), dtype=np.float32)
    with pytest.raises(InvalidConfig, match="samples is a number >= 1"):
        average_values(Step(), GROUP, seen, samples=0, **settings)
    group = GROUP._replace(observation_space=Discrete(3))
    with pytest.raises(InvalidConfig, match="has no such norm"):
        average_values(Step(), group, seen, samples=5, **settings)
