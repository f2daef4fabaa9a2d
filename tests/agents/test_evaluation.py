"""Whole episodes, and what each agent got out of them."""

import numpy as np
import pytest

import rallypoint
from rallypoint.agents.evaluation import Evaluation, evaluate
from rallypoint.agents.rules import CircularMean
from rallypoint.errors import InvalidConfig
from rallypoint.safety.frame import Threatened
from rallypoint.safety.recorder import Recorder
from rallypoint.safety.threats.constant_action import ConstantAction
from rallypoint.safety.threats.feedback.reward_constant import RewardConstant
from tests.envs.views.test_slots import Always
from tests.envs.views.worlds import NEVER, Schedule, Teams


def test_returns_lengths_and_deaths_are_those_of_the_schedule():
    world = Schedule(copies=2, dies=[3, NEVER, NEVER], arrives=[0, 0, 4], max_cycles=6)
    found = evaluate(world, Always(agents=1), episodes=5, seed=0)
    assert found.returns.tolist() == [[6, 12, 4]] * 5
    assert found.lengths.tolist() == [[3, 6, 2]] * 5
    assert found.ended_early.tolist() == [[True, False, False]] * 5
    summary = found.summary()
    assert summary["episodes"] == 5
    assert summary["return_mean"] == pytest.approx(22 / 3)
    assert summary["return_by_agent"] == {"agent_0": 6, "agent_1": 12, "agent_2": 4}
    assert summary["length_mean"] == pytest.approx(11 / 3)
    assert summary["ended_early_share"] == pytest.approx(1 / 3)


def test_returns_that_are_equal_spread_by_nothing():
    found = Evaluation(
        agents=("agent_0",),
        returns=np.full((20, 1), 0.3),
        lengths=np.full((20, 1), 3),
        ended_early=np.zeros((20, 1), dtype=bool),
    )
    assert found.returns.std() > 0  # by the rounding of their mean
    assert found.summary()["return_std"] == 0
    spread = found._replace(returns=found.returns + np.arange(20)[:, None])
    assert spread.summary()["return_std"] == pytest.approx(np.arange(20).std())


def test_an_agent_cut_short_alone_earns_nothing_afterwards():
    world = Schedule(dies=[NEVER, NEVER], cut=[2, NEVER], max_cycles=4)
    found = evaluate(world, Always(agents=0), episodes=2, seed=0)
    assert found.returns.tolist() == [[2, 4]] * 2
    assert not found.ended_early.any()


def test_returns_are_what_was_earned_whatever_learners_are_told():
    world = rallypoint.make("gathering-v0", copies=3)
    lied_to = Threatened(world, [RewardConstant(value=1e6)])
    true = evaluate(world, CircularMean(), episodes=3, seed=5)
    told = evaluate(lied_to, CircularMean(), episodes=3, seed=5)
    np.testing.assert_array_equal(told.returns, true.returns)


def test_what_the_honest_earn_is_told_apart_where_some_actions_are_not_their_own():
    world = Schedule(copies=3, dies=[3, NEVER, NEVER], max_cycles=6)
    alone = evaluate(world, Always(agents=1), episodes=6, seed=0)
    assert "return_of_honest" not in alone.summary()
    threat = ConstantAction(action=1, victims={"count": 1})
    found = evaluate(Recorder(Threatened(world, [threat])), Always(agents=1), episodes=6, seed=0)
    assert (found.hostile.sum(axis=1) == 1).all()
    assert len(np.unique(found.hostile.argmax(axis=1))) > 1  # others in other episodes
    of_honest = [row[~who].mean() for row, who in zip(found.returns, found.hostile, strict=True)]
    assert found.summary()["return_of_honest"] == pytest.approx(np.mean(of_honest))
    assert found.summary()["return_of_honest"] != pytest.approx(found.summary()["return_mean"])
    everybody = Threatened(world, [ConstantAction(action=1)])
    assert (
        "return_of_honest"
        not in evaluate(everybody, Always(agents=1), episodes=3, seed=0).summary()
    )
    lied_to = Threatened(world, [RewardConstant(value=1.0, victims=["agent_0"])])
    assert (
        "return_of_honest" not in evaluate(lied_to, Always(agents=1), episodes=3, seed=0).summary()
    )


LIES = (RewardConstant(value=5.0), RewardConstant(signal="water", value=0.0))


@pytest.mark.parametrize("lies", [None, (), LIES], ids=["no frame", "no threat", "lies"])
def test_hidden_scores_and_costs_are_told_as_they_were_whatever_learners_are(lies):
    world = rallypoint.make("island-navigation-v0", copies=3)
    if lies is not None:
        world = Recorder(Threatened(world, lies))
    found = evaluate(world, Always(agents=3), episodes=4, seed=0)  # into the water
    summary = found.summary()
    steps = summary["length_mean"]
    assert found.ended_early.all()
    assert summary["return_mean"] == -steps
    assert summary["performance_mean"] == -steps - 50
    assert summary["cost_by_name"] == {"water": 1.0}
    plain = evaluate(Schedule(), Always(agents=0), episodes=1, seed=0).summary()
    assert not plain.keys() & {"performance_mean", "cost_by_name"}


class OfTeams(Schedule):
    """Calls something else by the name of a hidden score: one number of a copy."""

    def _advance(self, actions):
        rewards, terminated, infos = super()._advance(actions)
        return rewards, terminated, infos | {"performance": rewards.sum(axis=1)}


def test_what_has_no_number_for_each_agent_is_no_hidden_score():
    found = evaluate(OfTeams(copies=3), Always(agents=0), episodes=3, seed=0)
    assert found.performance is None
    assert "performance_mean" not in found.summary()


def test_all_groups_count():
    found = evaluate(Teams(copies=2), Always(runners=0, chasers=1), episodes=2, seed=0)
    assert found.returns.tolist() == [[3, 6, 24]] * 2
    assert found.summary()["return_by_agent"] == {"r0": 3, "r1": 6, "c0": 24}


def test_the_same_seed_is_the_same_evaluation_and_more_episodes_begin_alike():
    world = rallypoint.make("gathering-v0", copies=3)
    first = evaluate(world, CircularMean(), episodes=4, seed=5)
    again = evaluate(world, CircularMean(), episodes=7, seed=5)
    np.testing.assert_array_equal(first.returns, again.returns[:4])


def test_a_policy_is_told_where_episodes_begin():
    told = []
    policy = Always(agents=0)
    policy.begin_episode = told.append
    evaluate(Schedule(copies=2, max_cycles=3), policy, episodes=4, seed=0)
    assert told[0] is None
    assert [mask.tolist() for mask in told[1:]] == [[True, True]] * 2


def test_no_episode_is_refused():
    with pytest.raises(InvalidConfig, match="episodes is a number >= 1"):
        evaluate(Schedule(), Always(agents=0), episodes=0, seed=0)
