"""Bouts fought on a cluster: the bits of this process."""

import numpy as np
import pytest

from rallypoint.agents.coevolution.conduct import evolve
from rallypoint.agents.coevolution.regimes.coevolution import Coevolution
from rallypoint.agents.coevolution.ring import Ring
from rallypoint.agents.gradient.learners import PpoLearner
from rallypoint.agents.rounds.placement import Placement
from rallypoint.safety.perception.reach import Reach

pytestmark = [
    pytest.mark.usefixtures("nodes"),
    pytest.mark.filterwarnings("default"),  # Ray's own
]


def test_bouts_on_a_cluster_come_to_the_same_bits():
    learner = PpoLearner(steps=8, minibatch=32, epochs=1, policy=(4,), value=(4,))
    ring = Ring(
        settings={"max_cycles": 30},
        reach=Reach(step=0.3),
        host=learner,
        pathogen=learner,
        copies=4,
        attacked=2,
        episodes=3,
    )
    few = {"units": (4,), "birth_rounds": 1, "host_rounds": 1, "pathogen_rounds": 1}
    several = {"hosts": 2, "pathogens": 2, "earlier": ((2,),), "virulence": 20.0}
    regime = Coevolution(ring=ring, budget=6_000, **several, **few)
    placement = Placement(address="auto", cpus=0.5, blocks=3, source="installed")
    here, there = evolve(regime, [0, 1]), evolve(regime, [0, 1], placement=placement)
    for seed in (0, 1):
        parts, others = here[seed].snapshot(), there[seed].snapshot()
        for name in parts:
            np.testing.assert_array_equal(parts[name], others[name], err_msg=name)
