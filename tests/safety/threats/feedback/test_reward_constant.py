"""Reward constant, against its definition."""

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threats.feedback.reward_constant import RewardConstant
from tests.safety.stubs import ground, play


def test_victims_are_told_the_same_whatever_they_earned():
    env = Threatened(ground(), [RewardConstant(value=-2.5, victims="all", when={"every": 2})])
    env.reset(seed=0)
    before = env.alive
    for now, step in enumerate(play(env, 12)):
        if now and step.ended.any():
            break
        told = np.where(before & (now % 2 == 0), -2.5, step.infos["true_rewards"])
        assert (step.rewards == told).all()
        before = step.alive


def test_it_knows_nothing_of_what_was_earned():
    assert RewardConstant().knowledge == ()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_told_is_a_number(value):
    with pytest.raises(InvalidConfig, match=r"a finite number, got value = (nan|inf)"):
        RewardConstant(value=value)
