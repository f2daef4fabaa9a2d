"""What is paid for each count, at the counts where it changes."""

import numpy as np
import pytest

from rallypoint.envs.torus.reward import REWARDS


@pytest.mark.parametrize(
    ("kind", "central", "population", "earned"),
    [
        ("sparse", 1, 10, -0.05),
        ("sparse", 2, 10, 0.0),
        ("sparse", 7, 10, 0.0),
        ("sparse", 8, 10, 1.0),
        ("sparse", 1, 5, 0.0),
        ("sparse", 1, 6, -0.05),
        ("sparse", 5, 7, 0.0),
        ("sparse", 6, 7, 1.0),
        ("sparse", 1, 1, 1.0),
        ("share", 1, 10, 0.0),
        ("share", 4, 10, 1 / 3),
        ("share", 10, 10, 1.0),
        ("share", 1, 1, 0.0),
        ("mix", 1, 10, 0.0),
        ("mix", 7, 10, 0.2 * 6 / 9),
        ("mix", 8, 10, 1.0),
    ],
)
def test_each_reward_pays_what_it_says(kind, central, population, earned):
    pay = REWARDS[kind](np.array([[float(central)]]), np.array([[float(population)]]))
    assert pay.dtype == np.float64
    assert pay.item() == pytest.approx(earned, abs=1e-15)


@pytest.mark.parametrize("kind", REWARDS)
def test_who_is_not_in_the_world_earns_nothing(kind):
    assert REWARDS[kind](np.zeros((1, 3)), np.ones((1, 1))).tolist() == [[0.0, 0.0, 0.0]]
