"""What no training can be is refused before its first step."""

import numpy as np
import pytest

from rallypoint.agents.tabular import QLearning, Reinforce
from rallypoint.agents.tabular.encoding import Sectors, encoding_for
from rallypoint.agents.tabular.processing import KnownInterruption
from rallypoint.agents.tabular.snapshots import Snapshots
from rallypoint.agents.tabular.training import train
from rallypoint.errors import InvalidConfig
from tests.agents.tabular.small_worlds import STATES, Wander


def trained(learner, env, **course):
    return train(env, learner, encoding_for(env), seed=3, **course)


@pytest.mark.parametrize(
    ("course", "says"),
    [
        ({}, "give one of them"),
        ({"episodes": 2, "steps": 2}, "give one of them"),
        ({"episodes": 0}, "episodes is an integer >= 1"),
        ({"episodes": 1.5}, "episodes is an integer >= 1"),
        ({"steps": float("nan")}, "steps is an integer >= 1"),
    ],
)
def test_a_training_without_one_length_is_refused(course, says):
    with pytest.raises(InvalidConfig, match=says):
        trained(QLearning(), Wander(), **course)


@pytest.mark.parametrize("marks", [(3, 11), (0,), (2.5,)])
def test_marks_that_a_training_does_not_come_to_are_refused(marks):
    with pytest.raises(InvalidConfig, match=r"whole numbers in 1\.\.10 of this training"):
        trained(QLearning(), Wander(), episodes=10, snapshots=Snapshots(at=marks))
    snapshots = Snapshots(at=(1,))
    trained(QLearning(), Wander(), episodes=1, snapshots=snapshots)
    with pytest.raises(InvalidConfig, match="of another training"):
        trained(QLearning(), Wander(), episodes=1, snapshots=snapshots)


class Mark(int):
    """One that is looked for among others, not compared with both ends."""

    __hash__ = int.__hash__

    def __eq__(self, other):
        raise AssertionError(f"compared with {other}")


def test_marks_of_any_kind_of_whole_number_are_checked_by_their_size():
    Snapshots(at=np.array([1, 10])).check(10)
    Snapshots(at=[2.0, Mark(7)]).check(10)
    for at in ([Mark(11)], ["2"], [np.nan]):
        with pytest.raises(InvalidConfig, match="whole numbers in"):
            Snapshots(at=at).check(10)


@pytest.mark.parametrize("learner", [Reinforce(), QLearning])
def test_a_learner_that_does_not_learn_step_by_step_is_refused(learner):
    with pytest.raises(InvalidConfig, match=r"as it is set, such as .*train_reinforce"):
        trained(learner, Wander(), episodes=1)


@pytest.mark.parametrize(
    ("probability", "law", "says"),
    [
        (np.zeros((1, STATES)), np.ones((2, STATES, 3)) / 3, r"law \(2, 5, 3\), got \(1, 5\)"),
        (np.zeros((2, STATES)), np.ones((2, STATES, 2)) / 2, r"\(2, 5, 3\), got .* \(2, 5, 2\)"),
        (np.full((2, STATES), 1.5), np.ones((2, STATES, 3)) / 3, "probabilities in"),
        (np.full((2, STATES), np.nan), np.ones((2, STATES, 3)) / 3, "probabilities in"),
        (np.full((2, STATES), 0.5), np.ones((2, STATES, 3)), "add up to 1"),
        (np.full((2, STATES), 0.5), np.full((2, STATES, 3), [2.0, -1.0, 0.0]), "are >= 0"),
    ],
)
def test_interruptions_that_cannot_be_known_so_are_refused(probability, law, says):
    known = KnownInterruption(probability, law)
    with pytest.raises(InvalidConfig, match=says):
        trained(QLearning(processing="importance"), Wander(), episodes=1, interruption=known)


def test_an_encoding_that_does_not_read_what_is_seen_is_refused_with_the_one_that_does():
    with pytest.raises(InvalidConfig, match="encoding_for"):
        train(Wander(), QLearning(), Sectors(), episodes=1, seed=0)
