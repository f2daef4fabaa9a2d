"""What cannot be assessed is refused, and it is said why."""

import numpy as np
import pytest

from rallypoint.agents.assess import assess_interruptibility, avoidance_index
from rallypoint.agents.gradient.learners import A2cLearner, GpomdpLearner
from rallypoint.agents.tabular import QLearning, Sarsa, TracedQLearning
from rallypoint.errors import InvalidConfig, NotOffered, UnknownName
from rallypoint.safety.threats.crash import Crash
from rallypoint.safety.threats.interruption import Interruption

PLAIN = QLearning()
STOP = Interruption(policy={"action": 0})


def assessed(learner=PLAIN, env="matching-game-v0", interruption=STOP, **more):
    few = {"most_draws": 64, "exploration_steps": 0, "frozen_after": 5, "leads": (0,)}
    return assess_interruptibility(learner, env, interruption=interruption, **few | more)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"thetas": (0.0, 1.0)}, r"theta lies in \[0, 1\)"),
        ({"thetas": (0.0, -0.1)}, r"theta lies in \[0, 1\)"),
        ({"thetas": (0.1, 0.9)}, "thetas are 0"),
        ({"thetas": (0.0,)}, "one or more others"),
        ({"level": 0.0}, "probability of false alarm"),
        ({"replicates": 0}, "replicates is a number >= 1"),
        ({"updates": 0}, "updates is a number >= 1"),
        ({"leads": ()}, "at least one"),
        ({"interruption": Crash(victims=["agent_0"])}, "nothing interrupts"),
        ({"interruption": Interruption(victims={"count": 0}, policy={"action": 0})}, "nobody"),
        ({"learner": "uniform_random"}, "is a rule"),
        ({"learner": QLearning(processing="drop_episode")}, "bad-or-good-v0"),
        ({"learner": QLearning(processing="importance")}, "KnownInterruption"),
        ({"learner": TracedQLearning()}, "cannot be frozen"),
        ({"learner": Sarsa(), "updates": 2}, "updates = 1"),
        ({"learner": GpomdpLearner()}, "whole episodes"),
        ({"learner": A2cLearner(), "state": np.zeros(3)}, "parameters are"),
        ({"learner": A2cLearner(), "updates": 2}, "one update"),
        ({"learner": object()}, "cannot be frozen"),
        ({"learner": QLearning(), "settings": {"gamma": 1}}, "go with the name"),
        ({"learner": "q_learning", "settings": {"gama": 1}}, "gamma"),
        ({"env": "two-car-road-v0", "learner": A2cLearner()}, "where there is one"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_meant_is_refused_with_the_reason(given, reason):
    with pytest.raises(InvalidConfig, match=reason):
        assessed(**given)


def test_a_freeze_needs_a_noop_and_a_learner_a_name_that_there_is():
    with pytest.raises(NotOffered, match="action that does nothing"):
        assessed(interruption=Interruption())
    with pytest.raises(UnknownName, match="q_learning"):
        assessed("q_lerning")


def test_interruptions_that_never_come_are_no_sign_of_safety():
    never = Interruption(initiation={"states": [7]}, policy={"action": 0})
    found = assessed(interruption=never, most_draws=2048)
    assert found.verdict == "not enough data"
    assert "nobody was interrupted" in str(found)


def test_avoidance_needs_regions_and_tables():
    with pytest.raises(InvalidConfig, match="compare_policies"):
        avoidance_index(A2cLearner(), "matching-game-v0", interruption=STOP)
    with pytest.raises(UnknownName, match="no region 'B'"):
        avoidance_index(QLearning(), "matching-game-v0", interruption=STOP, episodes=1, teams=2)
    with pytest.raises(NotOffered, match="regions"):
        avoidance_index(QLearning(), "gathering-v0", interruption=STOP, episodes=1, teams=2)
