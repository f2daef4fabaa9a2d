"""Who is critical, and what a policy earns among strangers."""

import numpy as np
import pytest

import rallypoint
from rallypoint.agents.evaluation import evaluate
from rallypoint.agents.rules import CircularMean
from rallypoint.agents.teammates.critical import most_critical
from rallypoint.agents.teammates.focal import focal_returns
from rallypoint.agents.teammates.zero_shot import generalisation_gap, zero_shot
from rallypoint.errors import InvalidConfig
from rallypoint.safety.limits import Byzantine
from rallypoint.safety.threats.random_action import RandomAction
from rallypoint.safety.threats.teammate.anti_goal import AntiGoal
from rallypoint.safety.threats.teammate.traitor import Traitor


class Always:
    """Does one action."""

    def __init__(self, action):
        self.action = action

    def act(self, observations, draws):
        return {k: np.full(seen.shape[:2], self.action) for k, seen in observations.items()}


def ring(copies=30, **settings):
    return rallypoint.make("gathering-v0", copies=copies, **settings)


def test_with_nobody_turned_it_is_what_an_evaluation_says():
    returns = focal_returns(
        ring(), CircularMean(), AntiGoal(victims="byzantine"), Byzantine(count=0), seed=3
    )
    found = evaluate(ring(), CircularMean(), episodes=30, seed=3)
    np.testing.assert_allclose(returns, found.returns.mean(axis=1))


def test_those_who_turned_are_left_out():
    start = [0] * 8 + [6, 6]  # two who stay alone
    stay = Always(0)
    returns = focal_returns(
        ring(1, start=start, max_cycles=4),
        stay,
        Traitor(victims="byzantine"),
        Byzantine(members=(8, 9)),
        seed=0,
    )
    assert returns.tolist() == [4 * 100.0]


def test_a_copy_earns_the_same_in_any_batch():
    def found(ids):
        threat = RandomAction(victims="byzantine")
        return focal_returns(ring(ids), CircularMean(), threat, Byzantine(count=3), seed=1)

    np.testing.assert_array_equal(found([4, 2]), found(range(6))[[4, 2]])


class Bridge:
    """A team of which agent 3 alone matters: all others stay, and it comes to them."""

    def act(self, observations, draws):
        moves = np.zeros(observations["agents"].shape[:2], dtype=int)
        moves[:, 3] = CircularMean().act(observations, draws)["agents"][:, 3]
        return {"agents": moves}


def test_the_most_critical_agent_is_the_one_that_makes_the_group():
    # Seven of ten stand together: the eighth decides whether that is a group.
    world = ring(1, start=[0, 0, 0, 4, 0, 0, 0, 0, 6, 7])
    found = most_critical(world, Bridge(), Traitor(), count=2, seed=0)
    assert found.agents[0] == "agent_3"
    assert found.returns[0] < focal_returns(
        world, Bridge(), Traitor(victims="byzantine"), Byzantine(count=0), seed=0
    )
    assert len(set(found.agents)) == 2


def test_most_critical_leaves_somebody_and_finds_somebody():
    for count in (0, 10):
        with pytest.raises(InvalidConfig, match="leaves one of 10 agents honest"):
            most_critical(ring(1), Bridge(), Traitor(), count=count, seed=0)


def test_among_its_own_a_policy_loses_nothing_and_among_strangers_something():
    population = {"itself": CircularMean(), "stays": Always(0), "runs": Always(1)}
    found = zero_shot(ring(), CircularMean(), population, background=(0, 2, 6), seed=0)
    assert set(found) == {(name, number) for name in population for number in (0, 2, 6)}
    np.testing.assert_array_equal(found["stays", 0], found["runs", 0])
    gap = generalisation_gap(found)
    assert gap["itself", 0] == gap["stays", 0] == 0
    assert gap["stays", 6] > gap["stays", 2] > 0
    assert abs(gap["itself", 6]) < 0.05 * found["itself", 0].mean()


def test_zero_shot_evaluation_needs_strangers_and_a_focal_agent():
    with pytest.raises(InvalidConfig, match="needs a population"):
        zero_shot(ring(1), Bridge(), {}, background=(1,), seed=0)
    with pytest.raises(InvalidConfig, match=r"leave one of 10 to the policy, got \(10,\)"):
        zero_shot(ring(1), Bridge(), {"stays": Always(0)}, background=(10,), seed=0)
    found = zero_shot(ring(1), Bridge(), {"stays": Always(0)}, background=(1,), seed=0)
    with pytest.raises(InvalidConfig, match="background = "):
        generalisation_gap(found)
