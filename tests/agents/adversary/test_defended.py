"""Agents that are trained to stand attacks: each way trains, and is what it says."""

import numpy as np
import pytest

import rallypoint
from rallypoint.agents.adversary.defended import WAYS, Training
from rallypoint.agents.adversary.trainee import copies_of
from rallypoint.agents.gradient.learners import PpoLearner, SaPpoLearner
from rallypoint.errors import InvalidConfig
from rallypoint.safety.perception.reach import Reach

REACH = Reach(step=0.2, scale=(1.0, 1.0, 0.1, 1.0))
LEARNER = PpoLearner(policy=(8,), value=(8,), steps=16, minibatch=32, epochs=2)


def carts():
    return rallypoint.make("cartpole-v1", copies=copies_of([0, 1], 2))


def trained(way, **settings):
    training = Training(way=way, reach=REACH, learner=LEARNER, rounds=2, turns=2, **settings)
    return training.train(carts, [0, 1])


@pytest.mark.parametrize("way", WAYS)
def test_every_way_trains_and_repeats_itself(way):
    first, second = trained(way), trained(way)
    assert np.isfinite(first.weights).all()
    assert (first.weights == second.weights).all()
    assert (first.weights[0] != first.weights[1]).any()


def test_ways_differ():
    weights = [trained(way).weights.tobytes() for way in WAYS]
    assert len(set(weights)) == len(WAYS)


def test_without_reach_price_or_turns_they_are_plain():
    plain = trained("plain").weights
    none = Reach(step=0.0, scale=REACH.scale)
    for way in ("pgd", "sa_ppo", "atla"):
        training = Training(way=way, reach=none, learner=LEARNER, rounds=2, turns=2)
        assert (training.train(carts, [0, 1]).weights == plain).all()


def test_sa_ppo_is_told_of_the_reach():
    learner = Training(way="sa_ppo", reach=REACH, kappa=0.7)._learner()
    assert isinstance(learner, SaPpoLearner)
    assert (learner.near, learner.units, learner.kappa) == (0.2, (1.0, 1.0, 0.1, 1.0), 0.7)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"way": "luck"}, "way is one of 'plain', .*, got 'luck'"),
        ({"rounds": 0}, "rounds is a number >= 1"),
        ({"sigma": 0.0}, "sigma is a finite standard deviation > 0"),
        ({"sigma": float("inf")}, "sigma is a finite standard deviation > 0"),
        ({"kappa": -1.0}, "kappa is a finite price >= 0, got -1.0"),
        # It would train as if nobody lied, or against other lies.
        (
            {"way": "sa_ppo", "reach": Reach(episode=5.0)},
            "give a reach with norm = linf and a step",
        ),
        ({"way": "sa_ppo", "reach": Reach(step=0.1, norm="l2")}, "pgd and atla train within any"),
        ({"reach": Reach(step=0.1, scale="range")}, "whose scale is numbers"),
    ],
)
def test_what_cannot_be_meant_is_refused(settings, message):
    with pytest.raises(InvalidConfig, match=message):
        Training(**settings)
