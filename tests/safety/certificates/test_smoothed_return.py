"""Policy smoothing: exact where it can be, never above the truth anywhere."""

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from rallypoint.errors import InvalidConfig
from rallypoint.safety.certificates.smoothed_action import least_probability
from rallypoint.safety.certificates.smoothed_return import (
    SmoothedReturn,
    certified_return,
    episode_budget,
    largest_budget,
)
from rallypoint.safety.certificates.statement import Statement

BUDGETS = (0.0, 0.05, 0.1, 0.3, 1.0)


def test_where_every_episode_succeeds_the_bound_is_what_the_episodes_allow():
    found = certified_return(np.full(10_000, 200.0), thresholds=range(1, 201), lowest=0, sigma=0.2)
    least = (0.05 / 200) ** (1 / 10_000)  # of each threshold, all 200 together at 0.05
    for budget in BUDGETS:
        expected = 200 * ndtr(ndtri(least) - budget / 0.2)
        assert np.isclose(found.expected(budget), expected)
        assert np.allclose(found.chance(budget), expected / 200)


@pytest.mark.parametrize(
    ("budget", "by_one", "by_200"),
    [(0.1, 199.66, 199.18), (0.2, 198.50, 196.81), (0.4, 184.79, 174.80)],
)
def test_the_fewer_thresholds_the_more_is_certified_where_all_episodes_end_alike(
    budget, by_one, by_200
):
    returns = np.full(10_000, 200.0)
    for thresholds, expected in (((200,), by_one), (range(1, 201), by_200)):
        found = certified_return(returns, thresholds=thresholds, lowest=0, sigma=0.2)
        assert found.expected(budget) == pytest.approx(expected, abs=0.005)


@pytest.mark.parametrize("budget", BUDGETS)
@pytest.mark.parametrize("place", [-0.3, 0.0, 0.7])
def test_a_shift_of_the_only_observation_attains_the_bound(place, budget):
    # The return is 1 if the noisy number is positive. The best adversary moves it down, by all of
    # the budget, and nothing can be certified beyond that: the bound is the truth.
    sigma = 0.5
    found = SmoothedReturn(
        thresholds=np.array([1.0]),
        least=ndtr(np.array([place]) / sigma),
        lowest=0.0,
        sigma=sigma,
        statement=Statement(certifies="", norm="", confidence=1.0, samples=0),
    )
    assert np.isclose(found.expected(budget), ndtr((place - budget) / sigma))


@pytest.mark.parametrize("agents", [2, 5])
def test_the_budget_of_a_team_is_that_of_all_its_agents_together(agents):
    # The team returns 1 if the noisy numbers of all its agents add up to more than 0. Whoever
    # moves each of them by an equal part of a joint budget attains the bound; a budget for each
    # agent by itself would have been passed.
    sigma, place, each = 0.5, 0.4, 0.2
    chance = ndtr(agents * place / (sigma * np.sqrt(agents)))
    found = SmoothedReturn(
        thresholds=np.array([1.0]),
        least=np.array([chance]),
        lowest=0.0,
        sigma=sigma,
        statement=Statement(certifies="", norm="", confidence=1.0, samples=0),
    )
    attacked = ndtr(agents * (place - each) / (sigma * np.sqrt(agents)))
    assert np.isclose(found.expected(episode_budget(each, steps=1, agents=agents)), attacked)
    assert found.expected(each) > attacked


@pytest.mark.parametrize("seed", range(20))
def test_an_adversary_that_shifts_many_observations_stays_above_the_bound(seed):
    # The return counts positive noisy numbers among four. The adversary knows all of it, and
    # spends its budget in any proportions: also on those that are nearest to the edge.
    rng = np.random.default_rng(seed)
    sigma, places = 0.4, rng.normal(0.3, 0.4, 4)
    clean = (places + sigma * rng.standard_normal((4000, 4)) > 0).sum(axis=1)
    found = certified_return(clean, thresholds=(1, 2, 3, 4), lowest=0, sigma=sigma, alpha=0.001)
    for budget in BUDGETS:
        ways = [np.ones(4), np.exp(-np.abs(places) / sigma), *np.abs(rng.standard_normal((20, 4)))]
        for way in ways:
            shifted = places - budget * way / np.linalg.norm(way)
            attacked = ndtr(shifted / sigma).sum()  # exact
            assert found.expected(budget) <= attacked


def test_all_thresholds_hold_together_as_often_as_they_say():
    rng = np.random.default_rng(3)
    chances = np.array([0.9, 0.5, 0.1])  # to reach 1, 2 and 3
    wrong = 0
    for _ in range(1000):
        returns = (rng.random((60, 1)) < chances).sum(axis=1)
        found = certified_return(returns, thresholds=(1, 2, 3), lowest=0, sigma=1.0, alpha=0.1)
        wrong += bool((found.least > chances).any())
    assert wrong / 1000 <= 0.1 + 0.02


def test_returns_that_are_no_whole_numbers_are_rounded_down_to_thresholds():
    returns = np.array([-3.0, -1.5, 2.5, 2.5])
    found = certified_return(
        returns, thresholds=(-2.0, 0.0, 2.5), lowest=-5.0, sigma=1.0, alpha=0.3
    )
    assert np.allclose(found.least, least_probability([3, 2, 2], 4, 0.1))
    gaps = np.array([3.0, 2.0, 2.5])
    assert np.isclose(found.expected(0.0), -5.0 + gaps @ found.least)
    assert found.expected(0.0) < returns.mean()


def test_a_larger_budget_certifies_less_and_ends_at_the_lowest():
    rng = np.random.default_rng(4)
    found = certified_return(rng.integers(0, 50, 500), thresholds=range(1, 50), lowest=0, sigma=0.3)
    bounds = [found.expected(budget) for budget in np.linspace(0, 5, 60)]
    assert (np.diff(bounds) <= 0).all()
    assert bounds[-1] == pytest.approx(0, abs=1e-6)
    half = largest_budget(found, 0.5)
    assert found.expected(half) == pytest.approx(found.expected(0) / 2)


def test_quantiles_abstain_where_nothing_is_certified():
    found = certified_return(np.full(1000, 9.0), thresholds=(5, 9), lowest=0, sigma=1.0)
    assert found.quantile(0.9, 0.0) == 9.0
    assert found.quantile(0.9, 10.0) is None
    as_likely = found.chance(0.0).max()
    assert found.quantile(as_likely, 0.0) == 9.0
    assert found.quantile(np.nextafter(as_likely, 1), 0.0) is None
    never = certified_return(np.zeros(10), thresholds=(1,), lowest=0, sigma=1.0)
    assert never.expected(0.0) == 0.0
    assert largest_budget(never, 0.5) is None


def test_a_budget_of_every_step_adds_up_like_a_length():
    assert episode_budget(0.1, steps=400) == pytest.approx(2.0)
    assert episode_budget(0.1, steps=100, agents=4) == pytest.approx(2.0)
    with pytest.raises(InvalidConfig, match="count from 0"):
        episode_budget(0.1, steps=-1)


def test_the_statement_says_what_is_certified():
    found = certified_return(np.ones(30), thresholds=(1,), lowest=0, sigma=1.0, alpha=0.01)
    assert found.statement.confidence == 0.99
    assert "all changed observations of an episode together" in str(found.statement)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sigma": 0.0}, "without noise"),
        ({"alpha": 0.0}, "alpha, the chance to be wrong"),
        ({"thresholds": (2, 1)}, "thresholds are finite and rise"),
        ({"thresholds": ()}, "thresholds are finite and rise"),
        ({"thresholds": (1, np.inf)}, "thresholds are finite and rise"),
        ({"lowest": -np.inf}, "lowest return, -inf, which is finite"),
        ({"lowest": 1.0}, "rise from above the lowest return, 1.0"),
        ({"lowest": 0.6}, "an episode returned 0.5"),
        ({"returns": []}, "one finite number for each episode"),
        ({"returns": [np.nan]}, "one finite number for each episode"),
    ],
)
def test_what_cannot_be_meant_is_refused(settings, message):
    usual = {"returns": [1.0, 0.5], "thresholds": (1, 2), "lowest": 0.0, "sigma": 1.0}
    with pytest.raises(InvalidConfig, match=message):
        certified_return(**(usual | settings))


def test_a_negative_budget_is_refused():
    found = certified_return([1.0], thresholds=(1,), lowest=0, sigma=1.0)
    for ask in (found.chance, found.expected):
        with pytest.raises(InvalidConfig, match="budget is a finite number >= 0"):
            ask(-0.1)
    with pytest.raises(InvalidConfig, match=r"a share lies in \(0, 1\)"):
        largest_budget(found, 1.0)
