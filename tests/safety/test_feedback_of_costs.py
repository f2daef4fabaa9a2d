"""Lies about costs, and what is no signal of a world."""

import numpy as np
import pytest

import rallypoint
from rallypoint.envs.conformance import assert_is_env
from rallypoint.errors import InvalidConfig, NotOffered
from rallypoint.safety.frame import Threatened
from rallypoint.safety.recorder import Recorder
from rallypoint.safety.recordings import recount
from rallypoint.safety.threats.feedback.reward_constant import RewardConstant
from rallypoint.safety.threats.feedback.reward_flip import RewardFlip
from rallypoint.safety.threats.feedback.reward_noise import RewardNoise
from rallypoint.safety.threats.feedback.reward_shuffle import RewardShuffle
from tests.safety.stubs import actions_at, ground

ISLAND = "island-navigation-v0"


def island(copies=3, threats=()):
    return Threatened(rallypoint.make(ISLAND, copies=copies), threats)


def test_costs_are_told_apart_from_true_ones():
    water = rallypoint.make(ISLAND).cost_names[0]
    lie = RewardConstant(signal=water, value=5.0, when={"from": 1})
    env = island(threats=[lie])
    env.reset(seed=0)
    assert not env.cost().any()
    for now in range(3):
        step = env.step(actions_at(env, now))
        assert (step.infos["true_costs"] == env.env.cost()).all()
        expected = env.env.cost() if now < 1 else np.full_like(env.cost(), 5.0)
        assert (env.cost() == expected).all()
        assert (step.rewards == step.infos["true_rewards"]).all()
    told = env.cost()
    snapshot = env.snapshot()
    env.reset()
    assert not env.cost().any()
    again = island(threats=[lie])
    again.restore(snapshot)
    assert (again.cost() == told).all()


def test_costs_are_recorded_and_counted():
    water = rallypoint.make(ISLAND).cost_names[0]
    env = Recorder(island(threats=[RewardConstant(signal=water, value=5.0)]))
    env.reset(seed=0)
    for now in range(3):
        env.step(actions_at(env, now))
    assert env.finish() == []
    [part] = env.parts
    assert (part.costs == 5).all()
    assert (part.true_costs == 0).all()
    [agent] = env.agents
    assert recount(part).misinformed == {agent: 9}


def test_a_world_whose_learners_are_lied_to_is_a_world():
    water = rallypoint.make(ISLAND).cost_names[0]
    lies = [RewardNoise(), RewardNoise(signal=water), RewardShuffle(kept=3)]

    def made(copies=2, **settings):
        return Threatened(rallypoint.make(ISLAND, copies=copies, max_cycles=9, **settings), lies)

    assert_is_env(made, processes=False)


def test_a_signal_that_a_world_does_not_have_is_refused():
    with pytest.raises(
        InvalidConfig, match=r"no signal is called 'rewards'; did you mean 'reward'"
    ):
        island(threats=[RewardFlip(signal="rewards")])
    with pytest.raises(NotOffered, match="needs cost, which proving-ground-v0 does not offer"):
        Threatened(ground(), [RewardFlip(signal="water")])
    with pytest.raises(InvalidConfig, match="begins at step 12"):
        Threatened(ground(), [RewardFlip(when={"from": 12})])
