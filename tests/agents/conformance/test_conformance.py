"""Every learner of ours keeps the contract, and each way to break it is named."""

import pytest

from rallypoint.agents import agents
from rallypoint.agents.conformance import assert_is_agent
from rallypoint.agents.gradient.learners import (
    LEARNERS,
    A2cLearner,
    DecByzPgLearner,
    FedPgBrLearner,
    GpomdpLearner,
    PpoLagrangianLearner,
    PpoLearner,
    ReinforceLearner,
    SaPpoLearner,
)
from rallypoint.agents.tabular.q_learning import QLearning
from rallypoint.agents.tabular.sarsa import Sarsa
from rallypoint.errors import NotConformant, UnknownName
from tests.agents.conformance.broken_contributors import BROKEN_CONTRIBUTORS, Small
from tests.agents.conformance.broken_tables import BROKEN_TABLES

BROKEN = BROKEN_TABLES | BROKEN_CONTRIBUTORS
LOCAL = [name for name, kind in agents.items() if getattr(kind, "learner", None) == "local"]
_SMALL = {"policy": (16,), "learning_rate": 3e-3}
CONTRIBUTORS = [
    GpomdpLearner(**_SMALL),
    GpomdpLearner(**_SMALL, momentum=0.9, normalise_observations=True),
    ReinforceLearner(**_SMALL, max_norm=1.0),
    A2cLearner(**_SMALL, value=(16,), central_critic=True),
    PpoLearner(**_SMALL, value=(16,), epochs=3, minibatch=192),
    PpoLagrangianLearner(**_SMALL, value=(16,), epochs=3, minibatch=192),
    SaPpoLearner(**_SMALL, value=(16,), epochs=3, minibatch=192),
    FedPgBrLearner(fewest=2, most=4, own_batch=2, learning_rate=3e-3),
    DecByzPgLearner(learning_rate=3e-3),
]
# Whatever else there is.
_TRIED = {type(learner) for learner in CONTRIBUTORS}
_OTHERS = sorted((name, kind) for name, kind in LEARNERS.items() if kind not in _TRIED)
CONTRIBUTORS += [kind(**_SMALL, steps=16) for _, kind in _OTHERS]


@pytest.mark.parametrize("name", LOCAL)
def test_every_learner_of_tables_keeps_the_contract(name):
    assert_is_agent(name)


@pytest.mark.parametrize("learner", CONTRIBUTORS, ids=lambda learner: type(learner).__name__)
def test_every_learner_of_contributors_keeps_the_contract(learner):
    assert_is_agent(learner)


@pytest.mark.parametrize(
    "learner",
    [
        QLearning(alpha="mean", processing="drop_any"),
        QLearning(processing="drop_episode"),
        Sarsa(key="proposed", time_limit="terminal"),
    ],
)
def test_learners_keep_it_in_other_settings_too(learner):
    assert_is_agent(learner)


def test_the_sound_one_keeps_the_contract():
    assert_is_agent(Small())


@pytest.mark.parametrize("broken", BROKEN, ids=[kind.__name__ for kind in BROKEN])
def test_a_broken_agent_is_refused_and_its_fault_named(broken):
    with pytest.raises(NotConformant, match=BROKEN[broken]) as caught:
        assert_is_agent(broken())
    assert broken.__name__ in str(caught.value)


def test_who_does_not_learn_is_told_how_far_it_came():
    with pytest.raises(NotConformant, match=r"after 2 rounds .* from 0\.\d+ to 0\.\d+"):
        assert_is_agent(Small(learning_rate=0.0), length=2)


@pytest.mark.parametrize("name", ["uniform_random", "sb3:PPO"])
def test_rules_and_learners_of_another_library_are_not_tried(name):
    with pytest.raises(NotConformant, match="a learner of ours"):
        assert_is_agent(name)


def test_an_agent_that_there_is_not_is_named():
    with pytest.raises(UnknownName, match="q_learning"):
        assert_is_agent("q_lerning")
