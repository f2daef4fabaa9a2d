"""A little is enough."""

from functools import partial

import numpy as np
import pytest
from scipy.stats import norm

from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation import aggregate
from rallypoint.safety.threats.update.alie import Alie, z_max
from rallypoint.safety.updates import attack


@pytest.mark.parametrize(
    ("n", "f", "z"),
    [
        (50, 24, 1.4261),
        (51, 24, 1.4461),
        (25, 11, 1.0676),
        (20, 8, 0.6745),
        (11, 5, 0.9674),
        (10, 3, 0.1800),
        (10, 2, 0.0),
    ],
)
def test_z_is_the_papers(n, f, z):
    assert z_max(n, f) == pytest.approx(z, abs=5e-5)


@pytest.mark.parametrize(
    ("f", "z"), [(3, 0.0267), (5, 0.0837), (8, 0.1800), (10, 0.2533), (12, 0.3360)]
)
def test_z_is_a_quantile_and_not_a_probability(f, z):
    # A table in circulation, for n = 50, has the distribution function in the quantile's place.
    assert z_max(50, f) == pytest.approx(z, abs=5e-5)
    needed = 26 - f
    wrong = norm.cdf(np.ceil(100 * (50 - f - needed) / (50 - f)) / 100)
    assert wrong > 0.69


def test_a_majority_goes_as_far_as_one_that_needs_one():
    assert z_max(10, 7) == pytest.approx(norm.ppf(2 / 3))
    assert [z_max(2, 1), z_max(3, 3), z_max(1, 0)] == [0, 0, 0]


@pytest.mark.parametrize("z", ["paper", 1.5, -2.0])
def test_all_send_the_mean_less_z_deviations(honest, rng, z):
    lies = attack("alie", honest, 4, rng=rng, z=z)
    number = z_max(13, 4) if z == "paper" else z
    expected = honest.mean(axis=0) - number * honest.std(axis=0, ddof=1)
    assert np.allclose(lies, expected, rtol=1e-4, atol=1e-5)
    assert (lies == lies[0]).all()


def test_a_single_honest_update_has_no_deviation(rng):
    lies = attack("alie", np.ones((1, 3)), 1, rng=rng, z=5)
    assert (lies == 1).all()


@pytest.mark.parametrize("rule", ["krum", "trimmed_mean", "geometric_median"])
def test_the_optimal_z_does_no_less_than_others(honest, rng, rule, counted):
    aggregator = counted(partial(aggregate, rule, f=2))
    mean = honest.mean(axis=0)

    def harm(lies):
        return np.linalg.norm(aggregate(rule, np.vstack([honest, lies]), f=2) - mean)

    best = harm(attack("alie", honest, 2, rng=rng, z="optimal", aggregator=aggregator))
    assert aggregator.asked == 20
    for z in ("paper", 0.1, 0.5, 1.0, 2.0):
        # 20 questions find the best of a smooth curve to a few percent.
        assert best >= 0.95 * harm(attack("alie", honest, 2, rng=rng, z=z))


def test_the_optimal_z_needs_the_aggregator():
    with pytest.raises(InvalidConfig, match='declare knowledge = \\["aggregator", "honest_up'):
        Alie(z="optimal")
    with pytest.raises(InvalidConfig, match='"paper", "optimal" or a number, got \'papr\''):
        Alie(z="papr")
    with pytest.raises(InvalidConfig, match="declare knowledge of honest_updates, or of own_up"):
        Alie(knowledge=())
