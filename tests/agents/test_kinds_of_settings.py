"""What is trained is counted by Python's numbers and NumPy's alike."""

from functools import partial

import numpy as np

from rallypoint.agents.training import Training


def test_numbers_of_numpy_are_numbers():
    small = partial(Training, env="cartpole-v1", agent="ppo", steps=np.int64(8))
    assert small(record=np.bool_(True)).record
    assert small(copies=np.int32(2)).copies == 2
