"""Min-Max and Min-Sum."""

import numpy as np
import pytest
from scipy.optimize import brentq

from rallypoint.errors import InvalidConfig
from rallypoint.safety.threats.update.min_max import MinMax
from rallypoint.safety.threats.update.min_sum import MinSum
from rallypoint.safety.updates import attack
from rallypoint.safety.updates.directions import away, mean_of

SQUARE = np.array([[0.0, 0], [2, 0], [0, 2], [2, 2]])


def min_max_slack(lie, honest):
    apart = np.linalg.norm(honest[:, None] - honest[None], axis=2)
    return np.linalg.norm(lie - honest, axis=1).max() - apart.max()


def min_sum_slack(lie, honest):
    apart = np.square(honest[:, None] - honest[None]).sum(axis=2).sum(axis=1)
    return np.square(lie - honest).sum() - apart.max()


SLACK = {"min_max": min_max_slack, "min_sum": min_sum_slack}


@pytest.mark.parametrize("kind", list(SLACK))
@pytest.mark.parametrize("perturbation", ["unit", "sign", "std", "mean"])
def test_gamma_is_the_largest_that_a_search_finds(kind, perturbation, rng):
    honest = np.random.default_rng(3).standard_normal((6, 5)) + 0.4
    mean = mean_of(honest)
    direction = away(perturbation, honest, mean)
    gamma = brentq(lambda g: SLACK[kind](mean + g * direction, honest), 0, 1e4)
    lies = attack(kind, honest, 2, rng=rng, perturbation=perturbation)
    assert np.allclose(lies, mean + gamma * direction)


@pytest.mark.parametrize("kind", list(SLACK))
def test_the_bound_is_reached_and_not_passed(kind, honest, rng):
    lie = attack(kind, honest, 1, rng=rng)[0]
    assert SLACK[kind](lie, honest.astype(np.float64)) == pytest.approx(0, abs=2e-4)


def test_by_hand(rng):
    # Corners of a square: deviations 1.1547, the furthest apart 2.8284, gamma 0.8660.
    deviation = np.sqrt(4 / 3)
    assert attack("min_max", SQUARE, 1, rng=rng) == pytest.approx(0, abs=1e-12)
    assert 1 - np.sqrt(3) / 2 * deviation == pytest.approx(0, abs=1e-12)
    assert attack("min_sum", SQUARE, 1, rng=rng) == pytest.approx(0, abs=1e-12)


def test_min_sum_goes_by_the_most_remote_and_not_the_most_central(rng):
    honest = np.array([[0.0], [0.1], [-0.1], [6.0]])
    lie = attack("min_sum", honest, 1, rng=rng)[0]
    from_all = np.square(honest - honest.T).sum(axis=1)
    assert np.square(lie - honest).sum() == pytest.approx(from_all.max())
    assert from_all.max() > 2 * from_all.min()


@pytest.mark.parametrize("kind", list(SLACK))
@pytest.mark.parametrize("honest", [np.ones((1, 3)), np.ones((4, 3)), np.zeros((4, 3))])
def test_where_the_honest_agree_it_agrees_too(kind, honest, rng):
    assert (attack(kind, honest, 2, rng=rng) == honest[0]).all()


@pytest.mark.parametrize("kind", [MinMax, MinSum])
def test_an_unknown_direction_names_the_nearest(kind):
    with pytest.raises(InvalidConfig, match="'sgn'; did you mean 'sign'"):
        kind(perturbation="sgn")


@pytest.mark.parametrize("kind", list(SLACK))
def test_where_the_honest_agree_but_for_rounding_there_is_nowhere_to_go(kind, rng):
    for seed in range(200):
        row = np.random.default_rng(seed).standard_normal(5)
        honest = np.tile(row, (5 + seed % 5, 1))
        assert np.allclose(attack(kind, honest, 2, rng=rng), row)
