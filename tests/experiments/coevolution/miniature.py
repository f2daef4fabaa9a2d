"""As small as it can be run."""

from contextlib import contextmanager

import pytest

from rallypoint.experiments.coevolution import measure, methods
from rallypoint.experiments.coevolution.config import CoevolutionConfig

SEEDS = (0, 1, 2)
MINIATURE = CoevolutionConfig(
    budget=6700,
    max_cycles=30,
    hosts=2,
    pathogens=2,
    birth_rounds=2,
    bout_rounds=1,
    measured=2,
    attackers=1,
    attacker_rounds=1,
    episodes=2,
)
REFUSED = [
    ({"epsilon": 0.0}, "epsilon is the size of a lie"),
    ({"attackers": 0}, "attackers is a number >= 1"),
    ({"hosts": 1}, "from two hosts and two pathogens or more, got 1 and 3"),
    ({"budget": 10}, "a budget of 10 environment steps is too small"),
    ({"epsilon": 1e300}, "step is a finite size"),
    ({"episodes": 1}, "episodes is a number >= 2"),
    ({"bouts_on": "ray://head:1"}, "Ray's client"),
]


@contextmanager
def small():
    """Let little be learned, quickly."""
    learner = methods.PpoLearner(steps=8, minibatch=32, epochs=1, policy=(4,), value=(4,))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(methods, "LEARNER", learner)
        patch.setattr(methods, "SPECIES", ((2,), (4,)))
        patch.setattr(measure, "OWN", 1)
        yield
