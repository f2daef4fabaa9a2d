"""The reward, and its short cut."""

import numpy as np
import pytest

from rallypoint.envs.gathering.dynamics import views
from rallypoint.envs.gathering.reward import reward_by_count, reward_of_central, rewards_by_cell
from tests.envs.gathering import paper


def test_eight_of_ten_are_a_group_and_one_is_alone():
    earned = reward_of_central(np.arange(11))
    assert earned.tolist() == [-5, -5, 0, 0, 0, 0, 0, 0, 100, 100, 100]


@pytest.mark.parametrize("num_agents", [1, 2, 5, 10])
def test_where_the_population_divides_ten_the_count_decides_alone(num_agents):
    expected = reward_of_central(np.arange(num_agents + 1) * 10 // num_agents)
    assert reward_by_count(num_agents).tolist() == expected.tolist()


@pytest.mark.parametrize("num_agents", [1, 3, 7, 10, 11, 26, 100])
@pytest.mark.parametrize("cells", [3, 4, 13])
def test_every_cell_earns_what_the_paper_says_with_and_without_the_short_cut(num_agents, cells):
    rng = np.random.default_rng(0)
    # From everybody anywhere to everybody in one place.
    positions = np.stack([rng.integers(spread, size=num_agents) for spread in range(1, cells + 1)])
    positions = np.repeat(positions, 3, axis=0)
    seen = views(positions, cells)
    plain = rewards_by_cell(seen)
    assert np.array_equal(plain, rewards_by_cell(seen, reward_by_count(num_agents)))
    for copy, stand in enumerate(positions.tolist()):
        for agent, here in enumerate(stand[:10]):
            assert plain[copy, here] == paper.reward(stand, agent, cells)
    assert not plain[:, cells].any()  # nowhere earns nothing


def test_nobody_left_earns_nothing():
    assert not rewards_by_cell(views(np.array([[13, 13]]), 13))[0, 13]
