"""Hand rules that withstand liars on the ring, and where the guarantee of the line is lost."""

import numpy as np
import pytest

import rallypoint
from rallypoint.agents import agents
from rallypoint.agents.episodes import play
from rallypoint.agents.rules import CautiousMean, CircularMean, TrimmedMean
from rallypoint.draws import Draws
from rallypoint.envs.gathering import metrics
from rallypoint.errors import InvalidConfig, NotOffered
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threats.constant_action import ConstantAction
from rallypoint.safety.threats.teammate.anti_goal import AntiGoal

RULES = (TrimmedMean, CautiousMean)


def in_group(make_policy, threat, copies=40):
    """Share of the second half in which 80 % of the honest, agents 2 … 9, stand together."""
    world = rallypoint.make("gathering-v0", copies=copies)
    honest = np.broadcast_to(np.arange(10) > 1, (copies, 10))
    policy = make_policy(world)
    env = Threatened(world, [threat])
    gathered = [
        metrics.is_gathered(metrics.counts(env.state(), 13, honest)).mean()
        for _ in play(env, policy, Draws(0, "test/rule", env.copies), seed=1)
    ]
    return np.mean(gathered[32:])


@pytest.mark.parametrize("kind", RULES)
@pytest.mark.parametrize("threat", [AntiGoal, ConstantAction])
def test_two_liars_of_ten_keep_nobody_from_gathering(kind, threat):
    assert in_group(lambda world: kind(world, 2), threat(victims=[0, 1])) > 0.95


@pytest.mark.parametrize("kind", RULES)
def test_they_are_agents_that_do_not_learn(kind):
    assert kind in agents.values()
    assert kind.learner is None


def test_with_f_0_trimming_is_the_circular_mean():
    world = rallypoint.make("gathering-v0", copies=50)
    seen = world.reset(seed=0)
    draws = Draws(0, "test/rule", world.copies)
    np.testing.assert_array_equal(
        TrimmedMean(world, 0).act(seen, draws)["agents"], CircularMean().act(seen, draws)["agents"]
    )


def test_who_is_cautious_does_not_follow_the_mean_out_of_the_range():
    # From the cell of the seven, two liars pull the mean ahead; without two on each side all that
    # is left is the cell itself.
    world = rallypoint.make("gathering-v0", start=[5] * 7 + [12, 9, 9])
    seen = world.reset(seed=0)
    draws = Draws(0, "test/rule", [0])
    drawn = CircularMean().act(seen, draws)["agents"][0]
    cautious = CautiousMean(world, 2).act(seen, draws)["agents"][0]
    assert drawn[:7].any()
    assert not cautious[:7].any()
    np.testing.assert_array_equal(cautious[8:], drawn[8:])  # who stand far from them come


def test_where_more_than_half_may_lie_nobody_moves():
    world = rallypoint.make("gathering-v0", copies=20)
    seen = world.reset(seed=0)
    assert not CautiousMean(world, 5).act(seen, Draws(0, "test/rule", world.copies))["agents"].any()


@pytest.mark.parametrize("kind", RULES)
def test_a_world_that_does_not_say_who_is_where_is_refused(kind):
    with pytest.raises(NotOffered, match="does not offer geometry"):
        kind(rallypoint.make("cartpole-v1"))


@pytest.mark.parametrize("kind", RULES)
def test_a_bound_that_is_none_is_refused(kind):
    with pytest.raises(InvalidConfig, match="whole number >= 0, got -1"):
        kind(rallypoint.make("gathering-v0"), -1)
