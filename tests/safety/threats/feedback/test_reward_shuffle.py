"""Reward shuffle, against its definition."""

from collections import Counter

import numpy as np
import pytest
from scipy.stats import chisquare

from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig
from rallypoint.registration import make
from rallypoint.safety.frame import Threatened
from rallypoint.safety.known import Known, spans_of
from rallypoint.safety.threats.feedback.reward_shuffle import RewardShuffle
from tests.safety.stubs import actions_at, ground, play


def told_by(threat, rewards, copies, begins=0):
    """Call a threat by hand on the rewards (T, N) of one episode; return what it would tell.

    It may touch nobody before it begins. NaN are rewards of who took no part.
    """
    [span, _] = spans_of(ground(walkers=rewards.shape[1]))
    state, draws = threat.init(copies, rewards.shape[1]), Draws(0, "test/shuffle", range(copies))
    parts = []
    for now, row in enumerate(rewards):
        shape = (copies, rewards.shape[1])
        earned = np.broadcast_to(row, shape)
        known = Known(
            threat,
            opportunities=~np.isnan(earned) & (now >= begins),
            allowance=np.full(copies, shape[1]),
            touched=None,
            time=np.full(copies, now),
            copies=np.arange(copies),
            span=span,
            show={"own_feedback": earned}.__getitem__,
        )
        proposal, state = threat.apply(state, known, draws)
        parts.append(proposal.values)
    return np.array(parts)


def test_only_what_was_earned_so_far_in_the_episode_is_told():
    env = Threatened(ground(copies=15), [RewardShuffle()])
    env.reset(seed=0)
    earned = [[set() for _ in range(5)] for _ in range(15)]
    for now in range(60):
        acted = env.alive
        step = env.step(actions_at(env, now))
        for copy, agent in zip(*acted.nonzero(), strict=True):
            earned[copy][agent].add(step.infos["true_rewards"][copy, agent])
            assert step.rewards[copy, agent] in earned[copy][agent]
        assert not step.rewards[~acted].any()
        if step.ended.any():
            env.reset(mask=step.ended)
            for copy in np.flatnonzero(step.ended):
                earned[copy] = [set() for _ in range(5)]


@pytest.mark.parametrize("kept", [1, 3, 8, 50])
def test_each_reward_so_far_is_told_as_often_as_any_other(kept):
    told = told_by(RewardShuffle(kept=kept), np.arange(8.0)[:, None], copies=4000)
    for now in range(8):
        counts = Counter(told[now, :, 0])
        assert set(counts) == set(range(now + 1))
        if now:
            assert chisquare([counts[s] for s in range(now + 1)]).pvalue > 1e-4


def test_early_rewards_are_told_as_often_as_the_docstring_says():
    steps = 6
    told = told_by(RewardShuffle(), np.arange(float(steps))[:, None], copies=6000)
    for s in range(steps):
        expected = sum(1 / (t + 1) for t in range(s, steps))
        assert (told == s).sum() / 6000 == pytest.approx(expected, abs=0.05)


def test_what_was_earned_while_nobody_might_be_touched_is_told_too():
    told = told_by(RewardShuffle(), np.arange(5.0)[:, None], copies=500, begins=4)
    assert set(told[4].ravel()) == set(range(5))


def test_who_took_no_part_earned_nothing():
    rewards = np.array([[np.nan], [np.nan], [5.0], [np.nan], [7.0]])
    told = told_by(RewardShuffle(), rewards, copies=200)
    assert set(told[2].ravel()) == {5.0}
    assert set(told[4].ravel()) == {5.0, 7.0}


def test_where_every_step_earns_the_same_nothing_is_changed():
    def cartpole():
        return make("cartpole-v1", copies=4)

    bare, lied_to = play(cartpole(), 30), play(Threatened(cartpole(), [RewardShuffle()]), 30)
    for true, told in zip(bare, lied_to, strict=True):
        assert (true.rewards == told.rewards).all()


def test_somebody_must_be_remembered():
    with pytest.raises(InvalidConfig, match="kept counts rewards, from 1, got 0"):
        RewardShuffle(kept=0)
