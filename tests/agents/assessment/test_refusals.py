"""What cannot be assessed is refused, and it is said why."""

import numpy as np
import pytest

import rallypoint
from rallypoint.agents.assess import assess_interruptibility, avoidance_index
from rallypoint.agents.gradient.learners import A2cLearner, GpomdpLearner
from rallypoint.agents.tabular import QLearning, Sarsa, TracedQLearning
from rallypoint.agents.tabular.processing import KnownInterruption
from rallypoint.errors import InvalidConfig, NotOffered, UnknownName
from rallypoint.safety.threats.crash import Crash
from rallypoint.safety.threats.interruption import Interruption

PLAIN = QLearning()


class Mixed(TracedQLearning):
    """Keeps what all its copies remember of one thing in one row."""

    def init(self, *size, **more):
        state = super().init(*size, **more)
        return state._replace(lengths=state.lengths.reshape(-1))


FRESH = PLAIN.init(1, 2, 1, 2)
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
        ({"thetas": 0.5}, "thetas are a list"),
        ({"replicates": 0}, "replicates is an integer >= 1"),
        ({"replicates": 2.5}, "replicates is an integer >= 1"),
        ({"updates": 0}, "updates is an integer >= 1"),
        ({"leads": ()}, "at least one"),
        ({"leads": 5}, "leads are a list"),
        ({"leads": (0, 0.5)}, "a lead is an integer >= 0"),
        ({"exploration_steps": -5}, "exploration_steps is an integer >= 0"),
        ({"exploration_steps": 1}, "at least 2"),
        ({"exploration_steps": 3, "least_growth": float("nan")}, "least_growth is a number > 0"),
        ({"frozen_after": 1.5}, "frozen_after is an integer >= 0"),
        ({"known": 3}, "known is a KnownInterruption"),
        ({"state": FRESH}, "leave out state, or frozen_after"),
        ({"state": 1, "frozen_after": None}, "remembers of one copy"),
        ({"state": QLearning().init(2, 2, 1, 2), "frozen_after": None}, "several copies"),
        ({"state": Sarsa().init(1, 2, 3, 2), "frozen_after": None}, "another world"),
        ({"interruption": Crash(victims=["agent_0"])}, "nothing interrupts"),
        ({"interruption": Interruption(victims={"count": 0}, policy={"action": 0})}, "nobody"),
        ({"learner": "uniform_random"}, "is a rule"),
        ({"learner": QLearning(processing="drop_episode")}, "bad-or-good-v0"),
        ({"learner": QLearning(processing="importance")}, "KnownInterruption"),
        (
            {"learner": Mixed()},
            "Mixed cannot be frozen: what it remembers is not kept copy by copy",
        ),
        ({"learner": "tabular_reinforce"}, "Reinforce cannot be frozen for a step"),
        ({"learner": QLearning}, r"QLearning is a class; give QLearning\(\)"),
        ({"learner": Sarsa(), "updates": 2}, "updates = 1"),
        ({"learner": GpomdpLearner(), "frozen_after": None}, "whole episodes"),
        ({"learner": A2cLearner(), "state": np.zeros(3), "frozen_after": None}, "parameters are"),
        ({"learner": A2cLearner()}, "leave frozen_after out"),
        ({"learner": A2cLearner(), "updates": 2}, "one update"),
        ({"learner": "sb3:DQN", "state": FRESH, "frozen_after": None}, "leave state out"),
        ({"learner": object()}, "cannot be frozen"),
        ({"learner": QLearning(), "settings": {"gamma": 1}}, "go with the name"),
        ({"learner": "q_learning", "settings": {"gama": 1}}, "gamma"),
        ({"env": "two-car-road-v0", "learner": A2cLearner()}, "where there is one"),
        ({"env": lambda copies: None}, "BatchEnv of 1 copies, got NoneType"),
        ({"env": lambda copies: rallypoint.make("matching-game-v0")}, "copies, got one of 1"),
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


@pytest.mark.parametrize(
    ("learner", "more"),
    [(QLearning(gamma=0.0), {"most_draws": 2048}), (A2cLearner(), {"frozen_after": None})],
)
def test_interruptions_that_hardly_ever_come_are_no_sign_of_safety(learner, more):
    found = assessed(learner, thetas=(0.0, 0.005), replicates=100, seed=1, **more)
    (finding, *_) = found.findings
    assert 0 < finding.interruptions < 100
    assert finding.p_value > found.level
    assert found.verdict == "not enough data"
    told = f"was interrupted in {finding.interruptions} of what was compared"
    assert told in " ".join(str(found).split())
    assert found.to_dict()["findings"][0]["interruptions"] == finding.interruptions


@pytest.mark.parametrize(("processing", "told"), [("none", True), ("drop_any", False)])
def test_a_shift_is_told_as_one_of_what_had_an_interruption_where_that_is_kept(processing, told):
    learner = QLearning(gamma=0.0, processing=processing)
    found = assessed(learner, thetas=(0.0, 0.1), most_draws=4096)
    (finding, *_) = found.findings
    assert 0.1 < finding.interrupted < 0.3
    size = f"that is one by {0.25 / finding.share_there:.3g}"
    assert (size in " ".join(finding.lines())) == told


def test_avoidance_needs_regions_and_tables():
    with pytest.raises(InvalidConfig, match="Reinforce cannot be frozen for a step"):
        avoidance_index("tabular_reinforce", "matching-game-v0", interruption=STOP)
    with pytest.raises(InvalidConfig, match="compare_policies"):
        avoidance_index(A2cLearner(), "matching-game-v0", interruption=STOP)
    with pytest.raises(UnknownName, match="no region 'B'"):
        avoidance_index(QLearning(), "matching-game-v0", interruption=STOP, episodes=1, teams=2)
    with pytest.raises(NotOffered, match="regions"):
        avoidance_index(QLearning(), "gathering-v0", interruption=STOP, episodes=1, teams=2)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"episodes": 1.5}, "episodes is an integer >= 1"),
        ({"teams": 0}, "teams is an integer >= 1"),
        ({"level": 95}, "interval's level"),
        ({"theta": 0.0}, r"theta lies in \(0, 1\)"),
    ],
)
def test_an_index_of_avoidance_that_cannot_be_meant_is_refused(given, says):
    few = {"episodes": 1, "teams": 2}
    with pytest.raises(InvalidConfig, match=says):
        avoidance_index(QLearning(), "safe-interruptibility-v0", interruption=STOP, **few | given)


def test_interruptions_known_of_another_world_are_refused():
    known = KnownInterruption(np.zeros((2, 3)), np.full((2, 3, 2), 0.5))
    with pytest.raises(InvalidConfig, match=r"probability \(2, 1\) and law \(2, 1, 2\)"):
        assessed(QLearning(processing="importance"), known=known)
