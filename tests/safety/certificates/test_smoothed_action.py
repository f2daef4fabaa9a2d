"""Randomised smoothing: radii never above the truth, and abstaining where nothing can be said."""

import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete, MultiBinary
from scipy.special import ndtr
from scipy.stats import binomtest, norm

from rallypoint.batch_env import Group
from rallypoint.errors import InvalidConfig
from rallypoint.safety.certificates.smoothed_action import (
    ABSTAINS,
    action_counts,
    certified_action,
    least_probability,
    predicted_action,
)

GROUP = Group("agents", ("a", "b"), Box(-9, 9, (2,), np.float32), Discrete(2, start=3))


class Linear:
    """Takes action 4 where weights · x + bias is positive, and 3 elsewhere."""

    weights, bias = np.array([3.0, 4.0]), -1.0

    def act(self, observations, draws):
        return {"agents": 3 + (observations["agents"] @ self.weights + self.bias > 0)}

    def radius(self, seen):
        return np.abs(seen @ self.weights + self.bias) / 5.0


def certify(seen, samples, sigma=0.5, alpha=0.001):
    counts = [
        action_counts(Linear(), GROUP, seen, sigma=sigma, samples=n, seed=seed)
        for seed, n in ((0, 100), (1, samples))
    ]
    return certified_action(*counts, sigma=sigma, alpha=alpha)


def test_no_radius_of_a_linear_policy_is_above_its_distance_to_the_boundary():
    rng = np.random.default_rng(0)
    seen = rng.normal(0, 0.4, (25, 2, 2)).astype(np.float32)
    found, true = certify(seen, 2000), Linear().radius(seen)
    taken = Linear().act({"agents": seen}, None)["agents"] - 3
    stands = found.action != ABSTAINS
    assert stands.mean() > 0.8
    assert (found.radius <= true).all()  # 50 at alpha = 0.001
    assert (found.action == taken)[stands].all()
    assert (found.radius[~stands] == 0).all()
    assert (found.radius[true > 1] > 0.6).all()  # and it is no trivial bound


def test_more_samples_come_nearer_to_the_truth():
    seen = np.ones((1, 2, 2), dtype=np.float32)  # true radius 1.2
    radii = [certify(seen, samples).radius.mean() for samples in (100, 1000, 10_000)]
    assert radii[0] < radii[1] < radii[2] < 1.2
    assert radii[2] > 1.1


@pytest.mark.parametrize("samples", [10, 1000, 100_000])
def test_where_every_sample_agrees_the_radius_is_what_the_samples_allow(samples):
    found = certified_action(np.array([0, 9]), np.array([0, samples]), sigma=0.5)
    assert found.action == 1
    assert np.isclose(found.radius, 0.5 * norm.ppf(0.001 ** (1 / samples)))


def test_counts_as_likely_as_not_certify_nothing():
    found = certified_action(
        np.array([[60, 40], [0, 100]]), np.array([[500, 500], [0, 1000]]), sigma=1
    )
    assert found.action.tolist() == [ABSTAINS, 1]
    assert found.radius[0] == 0
    assert found.within(1.0).tolist() == [False, True]
    assert not found.within(10.0).any()
    assert found.radii.tolist() == [[0.0, 0.0], [found.radius[1], 0.0]]


def test_a_change_as_long_as_the_radius_may_lead_to_a_tie():
    found = certified_action(np.array([0, 9]), np.array([0, 100]), sigma=0.5)
    radius = float(found.radius)
    assert not found.within(radius)
    assert found.within(np.nextafter(radius, 0))


@pytest.mark.parametrize("n", [1, 7, 50])
@pytest.mark.parametrize("alpha", [0.3, 0.01])
def test_the_lower_bound_is_the_exact_one(n, alpha):
    hits = np.arange(n + 1)
    expected = [
        binomtest(int(k), n, alternative="greater").proportion_ci(1 - alpha).low for k in hits
    ]
    assert np.allclose(least_probability(hits, n, alpha), expected)


def test_the_lower_bound_covers_as_often_as_it_says():
    rng = np.random.default_rng(1)
    for p in (0.02, 0.5, 0.93):
        hits = rng.binomial(40, p, 20_000)
        assert (least_probability(hits, 40, 0.05) > p).mean() <= 0.05 + 0.005


def test_the_selecting_samples_are_not_those_that_estimate():
    # A mere coin: chosen and estimated by the same samples, one action would often seem likelier.
    rng = np.random.default_rng(2)
    chosen, counted = (rng.multinomial(200, [0.5, 0.5], size=4000) for _ in range(2))
    wrong = certified_action(chosen, counted, sigma=1.0, alpha=0.05).action != ABSTAINS
    assert wrong.mean() <= 0.05 + 0.01
    same = certified_action(counted, counted, sigma=1.0, alpha=0.05).action != ABSTAINS
    assert same.mean() > 0.07


def test_a_prediction_abstains_where_two_may_tie():
    counts = np.array([[60, 40, 0], [90, 10, 0], [50, 50, 0], [0, 0, 10]])
    assert predicted_action(counts, alpha=0.01).tolist() == [ABSTAINS, 0, ABSTAINS, 2]
    three = np.array([[3, 0]])  # of which p is 1 / 4
    assert predicted_action(three, alpha=0.25).tolist() == [0]
    assert predicted_action(three, alpha=0.249).tolist() == [ABSTAINS]


def test_noise_is_of_the_size_that_is_said_and_never_cut():
    class Watching(Linear):
        def act(self, observations, draws):
            self.seen = observations["agents"].astype(np.float64)
            return super().act(observations, draws)

    policy = Watching()
    seen = np.full((1, 2, 2), 9.0, dtype=np.float32)  # at the bound of the space
    action_counts(policy, GROUP, seen, sigma=2.0, samples=20_000, seed=3)
    noise = (policy.seen - 9.0).ravel()
    assert np.isclose(noise.std(), 2.0, rtol=0.02)
    assert abs(noise.mean()) < 0.05
    assert (noise > 0).mean() > 0.48
    assert abs((noise < 2.0).mean() - ndtr(1.0)) < 0.01


def test_counts_do_not_depend_on_how_many_are_asked_about_at_once():
    seen = np.random.default_rng(3).normal(size=(3, 2, 2)).astype(np.float32)
    counts = action_counts(Linear(), GROUP, seen, sigma=0.7, samples=30_000, seed=4)
    assert (counts.sum(axis=-1) == 30_000).all()
    exact = ndtr((seen @ Linear.weights + Linear.bias) / (0.7 * 5.0))
    assert np.allclose(counts[..., 1] / 30_000, exact, atol=5 * 0.5 / np.sqrt(30_000))


def test_the_statement_says_what_is_certified():
    statement = certify(np.ones((1, 2, 2), dtype=np.float32), 100).statement
    assert statement.samples == 100
    assert "confidence 0.999 from 100 samples" in str(statement)
    assert "l2" in str(statement)


@pytest.mark.parametrize("sigma", [0.0, -1.0, np.inf, np.nan])
def test_without_noise_there_is_no_certificate(sigma):
    seen = np.ones((1, 2, 2), dtype=np.float32)
    with pytest.raises(InvalidConfig, match="without noise take interval bounds"):
        action_counts(Linear(), GROUP, seen, sigma=sigma, samples=5, seed=0)
    with pytest.raises(InvalidConfig, match="finite number > 0"):
        certified_action(np.array([1, 2]), np.array([1, 2]), sigma=sigma)


@pytest.mark.parametrize("space", [Discrete(5), MultiBinary(3), Box(0, 9, (2,), np.int64)], ids=str)
def test_observations_without_a_norm_are_refused_and_the_alternative_is_named(space):
    group = GROUP._replace(observation_space=space)
    with pytest.raises(InvalidConfig, match="reachable_return takes sets of neighbours"):
        action_counts(Linear(), group, np.zeros((1, 2)), sigma=1.0, samples=5, seed=0)


def test_counts_below_nothing_are_refused():
    for chosen, counted in (([5, 5], [12, -2]), ([12, -2], [5, 5])):
        with pytest.raises(InvalidConfig, match="counts are numbers >= 0"):
            certified_action(np.array(chosen), np.array(counted), sigma=1.0)


def test_what_cannot_be_meant_is_refused():
    counts = np.array([1, 2])
    with pytest.raises(InvalidConfig, match="alpha, the chance to be wrong"):
        certified_action(counts, counts, sigma=1.0, alpha=0.5)
    with pytest.raises(InvalidConfig, match="budget is a finite number >= 0, got -1"):
        certified_action(counts, counts, sigma=1.0).within(-1)
    with pytest.raises(InvalidConfig, match="equal shapes"):
        certified_action(counts, np.array([1, 2, 3]), sigma=1.0)
    with pytest.raises(InvalidConfig, match="equally many samples"):
        certified_action(counts, np.array([0, 0]), sigma=1.0)
    measured = GROUP._replace(action_space=Box(-1, 1, (2,), np.float32))
    with pytest.raises(InvalidConfig, match="a likeliest action is one of few"):
        action_counts(Linear(), measured, np.zeros((1, 2, 2)), sigma=1.0, samples=5, seed=0)
    with pytest.raises(InvalidConfig, match="samples is a number >= 1"):
        action_counts(Linear(), GROUP, np.zeros((1, 2, 2)), sigma=1.0, samples=0, seed=0)
