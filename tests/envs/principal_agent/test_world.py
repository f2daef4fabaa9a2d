"""Offers and answers, round by round."""

import numpy as np
import pytest

import rallypoint
from rallypoint.envs.conformance import assert_is_env
from rallypoint.errors import InvalidConfig, NotReset

GAME = {"means": (1.0, 2.0), "interests": (0.5, 0.2), "noise": 0.0, "rounds": 3}


def acted(offers, arm, copies=1):
    offers = np.broadcast_to(np.array(offers, dtype=float), (copies, 1, len(offers)))
    return {"principal": offers.copy(), "agent": np.full((copies, 1), arm)}


def test_an_offer_is_seen_answered_and_paid_for():
    env = rallypoint.make("principal-agent-v0", **GAME)
    assert env.least.tolist() == pytest.approx([0.0, 0.3])
    assert env.nets.tolist() == pytest.approx([1.0, 1.7])
    seen = env.reset(seed=0)
    assert seen["principal"][0, 0].tolist() == [1, 0, 0, 0]
    assert seen["agent"][0, 0].tolist() == [0, 0, 0, 0, 0, 0]
    offer = env.step(acted([0.0, 0.4], arm=0))
    assert offer.rewards.tolist() == [[0, 0]]
    assert offer.infos["paid"].tolist() == [0]
    assert offer.observations["agent"][0, 0].tolist() == [1, 0, 0.4, 0, 0, 0]
    answer = env.step(acted([0.9, 0.9], arm=1))  # an offer in between is none
    assert answer.rewards[0].tolist() == pytest.approx([2.0 - 0.4, 0.2 + 0.4])
    assert answer.infos["net"].tolist() == pytest.approx([1.7])
    assert answer.infos["paid"].tolist() == [0.4]
    assert answer.observations["principal"][0, 0].tolist() == pytest.approx([1, 0, 1, 1.6])
    assert answer.observations["agent"][0, 0].tolist() == pytest.approx([0, 0, 0, 0, 1, 0.6])


def test_a_game_has_two_steps_for_every_round():
    env = rallypoint.make("principal-agent-v0", copies=2, **GAME)
    env.reset(seed=0)
    steps = [env.step(acted([0.1, 0.1], arm=0, copies=2)) for _ in range(6)]
    assert [step.truncated.all() for step in steps] == [False] * 5 + [True]


def test_what_both_earn_is_what_arms_bring_on_average():
    env = rallypoint.make("principal-agent-v0", copies=4000, rounds=1, agent_noise=0.5)
    env.reset(seed=0)
    env.step(acted([0.2] * 5, arm=2, copies=4000))
    earned = env.step(acted([0.0] * 5, arm=2, copies=4000)).rewards
    np.testing.assert_allclose(earned.mean(axis=0), [0.88 - 0.2, 0.73 + 0.2], atol=0.06)
    np.testing.assert_allclose(earned.std(axis=0), [1.0, 0.5], rtol=0.05)


def test_it_passes_at_other_sizes():
    assert_is_env("principal-agent-v0", processes=False, agent_noise=0.1, **GAME)


def test_it_says_what_was_done():
    env = rallypoint.make("principal-agent-v0", render_mode="ansi", **GAME)
    with pytest.raises(NotReset):
        env.render()
    env.reset(seed=0)
    env.step(acted([0.0, 0.25], arm=0))
    assert env.render() == "step 1 / 6, offers 0, 0.25"
    env.step(acted([0.0, 0.0], arm=1))
    assert env.render().splitlines()[1] == "last: arm 1, principal 1.75, agent 0.45"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"means": (1.0,), "interests": (1.0,)}, "at least two arms, got 1 and 1"),
        ({"means": (1.0, 2.0)}, "got 2 and 5"),
        ({"means": (1.0, float("nan"))}, "means is a list of finite numbers"),
        ({"noise": -1}, "noise is a finite number >= 0, got -1"),
        ({"most": 0}, "most is a finite number > 0, got 0"),
        ({"rounds": 0}, "rounds is an integer >= 1"),
        ({"render_mode": "human"}, "no render mode is called 'human'"),
    ],
)
def test_what_cannot_be_meant_is_refused(settings, says):
    with pytest.raises(InvalidConfig, match=says):
        rallypoint.make("principal-agent-v0", **settings)
