"""Reward flip, against its definition."""

import numpy as np
import pytest

from rallypoint.safety.frame import Threatened
from rallypoint.safety.threats.feedback.reward_flip import RewardFlip
from tests.safety.stubs import ground, play


@pytest.mark.parametrize("factor", [1.0, 2.5, -3.0, 0.0])
def test_victims_are_told_the_opposite_stretched(factor):
    env = Threatened(
        ground(copies=20), [RewardFlip(factor=factor, victims=["walker_2", "glider_1"])]
    )
    seen = 0.0
    for step in play(env, 25):
        true = step.infos["true_rewards"]
        for copy, agent in np.ndindex(true.shape):
            stretch = -factor if agent in {2, 4} else 1.0
            assert step.rewards[copy, agent] == stretch * true[copy, agent]
        seen += abs(true[:, [2, 4]]).sum()
    assert seen > 0


def test_a_flip_of_a_flip_is_the_truth():
    env = Threatened(ground(), [RewardFlip(), RewardFlip()])
    for step in play(env, 20):
        assert (step.rewards == step.infos["true_rewards"]).all()


def test_it_says_what_it_does():
    assert RewardFlip().in_words() == {
        "does": "the learner is told the reward with its sign reversed"
    }
    assert RewardFlip(factor=2).in_words()["does"].endswith("reversed, times 2")
