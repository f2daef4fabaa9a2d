"""What contributors make of their gradients, and remember, where numbers are no numbers or huge."""

import numpy as np
import pytest

from rallypoint.agents.gradient.contribution import Contribution
from rallypoint.agents.gradient.learners import A2cLearner, DecByzPgLearner, PpoLearner
from tests.agents.gradient.learning import TollRoad, rounds_of

WORKERS = 5
LEARNERS = [
    PpoLearner(policy=(8,), value=(8,), steps=10, epochs=2, momentum=0.9),
    A2cLearner(policy=(8,), value=(8,), steps=10, momentum=0.9),
    DecByzPgLearner(policy=(8,), many=4, few=2, chance=0.01),
]


class OnceBroken(TollRoad):
    """Pays no number in one step of one copy, which is the first worker's."""

    left = None  # steps before it

    def _advance(self, actions):
        rewards, terminated, infos = super()._advance(actions)
        if self.left == 0:
            rewards[0] = np.nan
        if self.left is not None:
            self.left -= 1
        return rewards, terminated, infos


def rounds_with(learner, *, broken_at):
    world = OnceBroken(copies=WORKERS * (learner.most_episodes or 2))
    world.left = broken_at
    return rounds_of(learner, world, count=WORKERS, rule="mean", f=1)


@pytest.mark.parametrize("learner", LEARNERS, ids=lambda learner: type(learner).__name__)
def test_who_was_told_no_number_once_is_heard_again(learner):
    rounds = rounds_with(learner, broken_at=13)
    first, second, *later = (report.believed[0, 0] for report in rounds.run(5))
    assert first == pytest.approx(1 / WORKERS)
    assert second == 0
    assert later == pytest.approx([1 / WORKERS] * 3)


def test_what_is_no_number_is_sent_and_not_remembered():
    found, momenta = np.ones((2, 1, 3, 2), dtype=np.float32)
    found[0, 1, 0] = np.inf
    sent, kept = Contribution(momentum=0.5).of(found, momenta, np.ones((1, 3), dtype=bool))
    np.testing.assert_array_equal(sent, [[[1, 1], [np.inf, 1], [1, 1]]])
    np.testing.assert_array_equal(kept, momenta)


@pytest.mark.parametrize("size", [1e18, 1e25, 3e38])
def test_gradients_whose_squares_overflow_are_shortened_as_others_are(size):
    found = np.full((1, 2, 4), size, dtype=np.float32)
    found[0, 0] = [0, 0, 0, -size]
    sent, _ = Contribution(max_norm=0.5).of(found, found, np.ones((1, 2), dtype=bool))
    np.testing.assert_allclose(sent[0], [[0, 0, 0, -0.5], [0.25] * 4], rtol=1e-6)


def test_what_is_not_finite_is_not_shortened_to_what_is():
    found = np.ones((1, 2, 4), dtype=np.float32)
    found[0, 0, 1], found[0, 1, 2] = np.nan, np.inf
    sent, _ = Contribution(max_norm=0.5).of(found, found, np.ones((1, 2), dtype=bool))
    assert not np.isfinite(sent).all(axis=-1).any()
