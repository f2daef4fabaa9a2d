"""Ensembles: votes counted by hand, medians beside the aggregator, and bad policies outvoted."""

import numpy as np
import pytest

import rallypoint
from rallypoint.agents.gradient.architecture import architecture_for
from rallypoint.agents.gradient.ensemble import (
    EnsemblePolicy,
    dealt,
    geometric_medians,
    majority,
    tolerated,
)
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation import aggregate


def policies(env, count, rng, **settings):
    world = rallypoint.make(env, copies=6)
    made = architecture_for(world.groups[0], policy=(16,), value=None)
    parameters = np.stack([made.initial(rng, scheme="uniform") for _ in range(count)])
    return world, made, parameters, EnsemblePolicy(made, parameters, world.groups[0], **settings)


def test_the_majority_is_what_counting_finds(rng):
    votes = rng.integers(0, 4, (50, 3, 7))
    likely = rng.dirichlet(np.ones(4), (50, 3)).astype(np.float32)
    found = majority(votes, likely)
    for row in np.ndindex(50, 3):
        counts = [int((votes[row] == action).sum()) for action in range(4)]
        tied = [action for action in range(4) if counts[action] == max(counts)]
        assert found[row] == max(tied, key=lambda action: likely[row][action])


@pytest.mark.parametrize("shape", [(5, 2), (4, 3), (7, 1), (1, 2), (2, 2)])
def test_medians_are_those_of_the_aggregator(shape, rng):
    points = rng.standard_normal((40, *shape))
    points[::3, 0] *= 100
    found = geometric_medians(points)

    def total(at, row):
        return np.linalg.norm(points[row] - at, axis=1).sum()

    for row in range(40):
        exact = aggregate("geometric_median", points[row], f=0)
        # On a line, or of two, all of a middle is as good; the sum of distances is what tells.
        assert total(found[row], row) <= total(exact, row) * (1 + 1e-6)


def test_a_median_stands_on_a_point_that_holds_the_pull_of_all_others():
    points = np.array(
        [[[0.0, 0], [0, 0], [0, 0], [5, 1], [1, 5]], [[1, 1], [0, 0], [2, 0], [2, 2], [0, 2]]]
    )
    np.testing.assert_allclose(geometric_medians(points), [[0, 0], [1, 1]], atol=1e-12)
    assert geometric_medians(np.ones((2, 3, 4))).tolist() == np.ones((2, 4)).tolist()


@pytest.mark.parametrize("env", ["cartpole-v1", "gymnasium:Pendulum-v1"])
def test_alike_policies_act_as_one(env, rng):
    world, made, parameters, _ = policies(env, 1, rng)
    observations = world.reset(seed=0)
    draws = Draws(0, "test/gradient", world.copies)
    group = world.groups[0]
    one = GradientPolicy(made, parameters[0], group, greedy=True).act(observations, draws)
    many = EnsemblePolicy(made, np.repeat(parameters, 5, axis=0), group).act(observations, draws)
    np.testing.assert_allclose(one[group.name], many[group.name], rtol=1e-6)
    world.close()


def test_as_many_bad_policies_as_tolerated_do_not_change_what_the_others_agree_on(rng):
    world, made, parameters, _ = policies("cartpole-v1", 1, rng)
    group, observations = world.groups[0], world.reset(seed=0)
    draws = Draws(0, "test/gradient", world.copies)
    bad = tolerated(7)
    agreed = np.repeat(parameters, 7, axis=0)
    before = EnsemblePolicy(made, agreed, group).act(observations, draws)
    agreed[:bad] = 100 * rng.standard_normal((bad, made.size))
    mixed = EnsemblePolicy(made, agreed, group).act(observations, draws)
    assert (before[group.name] == mixed[group.name]).all()
    agreed[: bad + 1, made.actor[-1][1].at] = 1e6 * (1 - 2 * np.eye(2)[before[group.name][0, 0]])
    taken = EnsemblePolicy(made, agreed, group).act(observations, draws)
    assert (taken[group.name][0, 0] != before[group.name][0, 0]).all()


def test_votes_that_are_drawn_are_of_each_policy(rng):
    world, made, parameters, ensemble = policies("cartpole-v1", 3, rng, greedy=False)
    observations = world.reset(seed=0)
    group = world.groups[0]
    draws = [Draws(0, "test/gradient", world.copies) for _ in range(2)]
    drawn = ensemble.act(observations, draws[0])[group.name]
    votes = [
        GradientPolicy(made, own, group).act(observations, draws[1])[group.name]
        for own in parameters
    ]
    assert (drawn == (np.sum(votes, axis=0) >= 2)).all()


def test_everybody_is_dealt_into_one_group():
    groups = dealt(30, 5, seed=3)
    assert groups.shape == (5, 6)
    assert sorted(groups.ravel()) == list(range(30))
    assert (groups != dealt(30, 5, seed=4)).any()
    for count, wrong in ((30, 4), (30, 0)):
        with pytest.raises(InvalidConfig, match="cannot be dealt"):
            dealt(count, wrong, seed=0)
