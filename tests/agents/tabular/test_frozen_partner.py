"""What interruption of a partner does to what is learned, in a game where it can be computed.

Two agents are paid 1 if they do the same. One tries both actions; its partner does 1, and 0 in one
round of ten. Both are interrupted independently with chance theta, the first to do 0 and the
partner to do 1. What 0 is worth without interruption is 0.1.
"""

import numpy as np
import pytest

from rallypoint.agents.tabular import JointQLearning, QLearning
from rallypoint.agents.tabular.processing import KnownInterruption, odds_of
from rallypoint.agents.tabular.transition import Transition

COPIES, ROUNDS = 40, 2500
POLICY = np.array([[0.5, 0.5], [0.1, 0.9]])  # (agents, actions)
INSTEAD = np.array([0, 1])


def rounds(theta):
    rng = np.random.default_rng(int(100 * theta))
    shape = (COPIES, 2)
    no, nothing = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=np.int64)
    known = KnownInterruption(np.full((2, 1), theta), np.eye(2)[INSTEAD][:, None])
    law = np.broadcast_to(POLICY, (*shape, 2))
    for _ in range(ROUNDS):
        proposed = (rng.random(shape) >= POLICY[:, 0]).astype(np.int64)
        interrupted = rng.random(shape) < theta
        executed = np.where(interrupted, INSTEAD, proposed)
        pays = np.repeat(executed[:, :1] == executed[:, 1:], 2, axis=1).astype(float)
        odds = odds_of(law, known, nothing, executed)
        yield Transition(
            nothing, proposed, executed, interrupted, pays, nothing, no, no, ~no, odds=odds
        )


def worth_of_zero(learner, theta):
    """What each copy's first agent says that 0 is worth, and the share of steps it used."""
    state = learner.init(COPIES, 2, 1, 2)
    for transition in rounds(theta):
        state = learner.learn(state, transition)
    return learner.values(state)[:, 0, 0, 0], learner.kept_share(state)[:, 0].mean()


@pytest.mark.parametrize("theta", [0.0, 0.5, 0.8])
@pytest.mark.parametrize(
    ("learner", "worth", "share"),
    [
        (QLearning(alpha="mean", gamma=0), lambda theta: 0.1 * (1 - theta), lambda theta: 1),
        (
            QLearning(alpha="mean", gamma=0, processing="drop_own"),
            lambda theta: 0.1 * (1 - theta),
            lambda theta: 1 - theta,
        ),
        (
            QLearning(alpha="mean", gamma=0, processing="drop_any"),
            lambda theta: 0.1,
            lambda theta: (1 - theta) ** 2,
        ),
        (
            QLearning(alpha="mean", gamma=0, processing="drop_others"),
            lambda theta: 0.1,
            lambda theta: 1 - theta,
        ),
        (
            QLearning(alpha="mean", gamma=0, processing="executed_equals_proposed"),
            lambda theta: 0.1 * (1 - theta) / (0.1 * (1 - theta) + 0.9),
            lambda theta: (1 - 0.5 * theta) * (1 - 0.1 * theta),
        ),
        (QLearning(alpha="mean", gamma=0, processing="importance"), lambda theta: 0.1, None),
        (
            JointQLearning(alpha="mean", gamma=0, model="executed"),
            lambda theta: 0.1 * (1 - theta),
            lambda theta: 1,
        ),
        (JointQLearning(alpha="mean", gamma=0), lambda theta: 0.1, lambda theta: 1),
        (JointQLearning(alpha="mean", gamma=0, delay=1), lambda theta: 0.1, lambda theta: 1),
    ],
    ids=[
        *("none", "drop_own", "drop_any", "drop_others", "unchanged", "importance"),
        *("executed model", "proposed model", "delayed model"),
    ],
)
def test_the_estimate_is_what_can_be_computed(learner, worth, share, theta):
    worths, kept = worth_of_zero(learner, theta)
    error = worths.std(ddof=1) / np.sqrt(COPIES)
    assert abs(worths.mean() - worth(theta)) < 4.5 * error
    if share is not None:
        assert kept == pytest.approx(share(theta), abs=0.01)


def test_the_joint_table_itself_does_not_depend_on_who_chose():
    learner = JointQLearning(alpha="mean", gamma=0, model="executed")
    state = learner.init(COPIES, 2, 1, 2)
    for transition in rounds(0.8):
        state = learner.learn(state, transition)
    np.testing.assert_array_equal(state.tables[:, 0, 0].mean(axis=0), np.eye(2))
