"""Where episodes begin."""

import numpy as np
import pytest
from scipy import stats

import rallypoint
from rallypoint.draws import Draws
from rallypoint.envs.gathering.starts import STARTS

COPIES = 4000


def begin(start, num_agents=10, cells=13):
    draws = Draws(0, "test/starts", range(COPIES))
    return STARTS[start](draws, np.ones(COPIES, dtype=bool), num_agents, cells)


@pytest.mark.parametrize("start", STARTS)
def test_every_agent_begins_anywhere_with_equal_chance(start):
    positions = begin(start)
    for agent in (0, 4, 9):
        counts = np.bincount(positions[:, agent], minlength=13)
        assert stats.chisquare(counts).pvalue > 1e-4


def test_uniform_agents_do_not_notice_one_another():
    positions = begin("uniform")
    pairs = np.bincount(positions[:, 0] * 13 + positions[:, 1], minlength=169)
    assert stats.chisquare(pairs).pvalue > 1e-4


@pytest.mark.parametrize(("num_agents", "cells"), [(10, 13), (5, 13), (7, 8), (1, 3)])
def test_antipodal_agents_begin_in_two_opposite_halves(num_agents, cells):
    for positions in begin("antipodal", num_agents, cells)[:50]:
        places, counts = np.unique(positions, return_counts=True)
        halves = [num_agents // 2, -(-num_agents // 2)]
        assert sorted(counts.tolist()) == [half for half in halves if half]
        if len(places) == 2:
            assert (places[1] - places[0]) % cells in {cells // 2, -(-cells // 2)}


@pytest.mark.parametrize(("num_agents", "cells"), [(10, 13), (13, 13), (26, 13), (4, 12)])
def test_spaced_agents_begin_at_equal_distances(num_agents, cells):
    for positions in begin("spaced", num_agents, cells)[:50]:
        gaps = np.diff(np.sort(positions), append=positions.min() + cells)
        assert gaps.max() - gaps.min() <= 1


def test_who_stands_where_is_drawn_too():
    positions = begin("spaced", 10, 13)
    ahead = (positions[:, 1] - positions[:, 0]) % 13
    assert len(np.unique(ahead)) > 8


@pytest.mark.parametrize("start", STARTS)
def test_only_the_copies_that_begin_are_drawn_for(start):
    mask = np.array([True, False, True])
    draws, other = (Draws(0, "test/starts", range(3)) for _ in range(2))
    some = STARTS[start](draws, mask, 6, 13)
    everybody = STARTS[start](other, np.ones(3, dtype=bool), 6, 13)
    assert np.array_equal(some, everybody[mask])


def test_cells_to_start_from_are_taken_for_each_copy_or_for_all():
    env = rallypoint.make("gathering-v0", copies=2, num_agents=3, start=[1, 2, 3])
    env.reset(seed=0)
    assert env.state().tolist() == [[1, 2, 3]] * 2
    env = rallypoint.make("gathering-v0", copies=2, num_agents=3, start=[[1, 2, 3], [4, 5, 6]])
    env.reset(seed=0)
    env.step({"agents": np.ones((2, 3), dtype=int)})
    env.reset(mask=np.array([False, True]))
    assert env.state().tolist() == [[2, 3, 4], [4, 5, 6]]
