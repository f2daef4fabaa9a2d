"""What is trained, by whom and where is of the kinds that are declared."""

from functools import partial

import numpy as np
import pytest

from rallypoint.agents.gradient.by_name import Team
from rallypoint.agents.gradient.learners import LEARNERS
from rallypoint.agents.rounds.placement import Placement
from rallypoint.agents.training import Training
from rallypoint.errors import InvalidConfig
from tests.kernel.wrong_kinds import wrong_settings

SMALL = {"env": "cartpole-v1", "agent": "ppo", "steps": 8}


@pytest.mark.parametrize(
    "config", [Training, Team, Placement, *LEARNERS.values()], ids=lambda config: config.__name__
)
def test_a_value_of_another_kind_is_refused_and_named(config):
    needed = SMALL if config is Training else {}
    found = list(wrong_settings(config))
    assert len(found) > 4
    for name, value in found:
        with pytest.raises(InvalidConfig, match=name):
            config(**needed | {name: value})


def test_numbers_of_numpy_are_numbers():
    small = partial(Training, env="cartpole-v1", agent="ppo", steps=np.int64(8))
    assert small(record=np.bool_(True)).record
    assert small(copies=np.int32(2)).copies == 2
