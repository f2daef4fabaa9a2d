"""A ring in which little is learned, quickly."""

import pytest

from rallypoint.agents.coevolution.ring import Ring
from rallypoint.agents.gradient.learners import PpoLearner
from rallypoint.safety.perception.reach import Reach

LEARNER = PpoLearner(steps=8, learning_rate=3e-3, minibatch=32, epochs=1, policy=(4,), value=(4,))


@pytest.fixture(scope="session")
def ring():
    """Return it."""
    return Ring(
        settings={"max_cycles": 30},
        reach=Reach(step=0.3, scale=(1.0, 1.0, 0.1, 1.0)),
        host=LEARNER,
        pathogen=LEARNER,
        copies=4,
        attacked=2,
        episodes=3,
    )
