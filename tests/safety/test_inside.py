"""Which actions lie in a space, for many at once."""

import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete, MultiBinary, MultiDiscrete

from rallypoint.safety.enforcement.proposals import inside

SPACES = {
    "Discrete": Discrete(3, start=1),
    "MultiDiscrete": MultiDiscrete([2, 4], start=[0, -1]),
    "MultiDiscrete of rows": MultiDiscrete([[2, 3], [1, 4]]),
    "MultiBinary": MultiBinary(2),
    "Box": Box(-1.0, 2.0, (2,), np.float64),
}


@pytest.mark.parametrize("name", SPACES)
def test_it_is_what_the_space_itself_says_of_each(name):
    space = SPACES[name]
    rng = np.random.default_rng(0)
    values = rng.integers(-2, 5, (40, 30, *space.shape)).astype(space.dtype)
    each = [[space.contains(value) for value in row] for row in values]
    assert inside(space, values).tolist() == each
    assert 0 < np.mean(each) < 1


def test_real_numbers_are_no_numbered_actions():
    space = SPACES["MultiDiscrete"]
    values = np.zeros((2, 3, 2))
    assert not space.contains(values[0, 0])
    assert not inside(space, values).any()
