"""As small as it can be run, on one world."""

from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import pytest

from rallypoint.agents.gradient.learners import PpoLearner
from rallypoint.experiments.perception import attacks
from rallypoint.experiments.perception.config import PerceptionConfig, TeamConfig
from rallypoint.experiments.perception.tasks import TASKS

SEEDS = (0, 1, 2)
TEAM = TeamConfig(
    epsilons=(0.1, 0.2),
    episodes=3,
    copies=2,
    rounds=2,
    attacker_rounds=1,
    defences=("pgd",),
    certified_at=(0.001,),
)
MINIATURE = PerceptionConfig(
    worlds=("cartpole",),
    epsilons=(0.2, 0.5),
    episodes=2,
    copies=2,
    rounds=2,
    attacker_rounds=1,
    defences=("noise",),
    team=TEAM,
)
REFUSED = [
    ({"epsilons": (0.2,)}, "contain"),
    ({"kappa": float("inf")}, "kappa is a finite number >= 0"),
    ({"epsilons": (0.0, 0.2, 0.5)}, "sizes > 0"),
    ({"defended_at": 0.7}, "defended_at is one of"),
    ({"defences": ("luck",)}, "defences are among .* got .luck."),
    ({"defences": ("plain",)}, "defences are among"),
    ({"rounds": 0}, "rounds is a number >= 1"),
    ({"worlds": ("cartpol",)}, "worlds are among .* did you mean 'cartpole'"),
    ({"worlds": ()}, "one or more different ones"),
    ({"team": {"epsilons": (0.1,)}}, "contain"),
    ({"team": {"certified_at": (0.0,)}}, "certified_at are sizes > 0"),
]


@contextmanager
def small():
    """Let learners, and who attacks them, be small and learn little."""
    learner = PpoLearner(policy=(8,), value=(8,), steps=16, minibatch=16, epochs=1)
    with pytest.MonkeyPatch.context() as patch:
        for name, task in TASKS.items():
            patch.setitem(TASKS, name, replace(task, learner=learner, attacker=learner))
        judge = partial(attacks.RobustSarsa, rounds=1, steps=16)
        patch.setattr(attacks, "RobustSarsa", judge)
        yield
