"""The torus as a world: its sizes, its contract and what it refuses."""

import numpy as np
import pettingzoo
import pytest

import rallypoint
from rallypoint.envs import torus as folder
from rallypoint.envs.conformance import assert_is_env
from rallypoint.envs.torus.percept import middles
from rallypoint.envs.torus.starts import STARTS
from rallypoint.errors import InvalidAction, InvalidConfig, UnknownName

SIZES = {"torus-small-v0": (11, 50), "torus-v0": (15, 50), "torus-hard-v0": (21, 100)}


@pytest.mark.parametrize("id", SIZES)
def test_the_sizes_are_those_that_were_calibrated(id):
    env = rallypoint.make(id)
    assert (env.width, env.time_limit) == SIZES[id]
    assert env.limits == (1, 3, 5)
    assert env.num_agents == 10


@pytest.mark.parametrize("width", [11, 15])
def test_everybody_is_in_view_on_the_small_torus_and_not_on_the_standard_one(width):
    seen = rallypoint.make("torus-v0", copies=50, width=width).reset(seed=0)["agents"]
    assert (seen[..., 12] >= 0.1).all()  # at least oneself
    assert np.isclose(seen.sum(axis=-1), 1, atol=1e-6).all() == (width == 11)


@pytest.mark.parametrize(
    "settings",
    [
        {"num_agents": 60, "reward": "share"},  # more than are counted by sets
        {"num_agents": 1, "width": 5, "limits": (0, 1, 2), "start": "antipodal", "reward": "mix"},
    ],
    ids=str,
)
def test_the_contract_is_kept_at_other_sizes_and_starts(settings):
    assert_is_env("torus-v0", processes=False, max_cycles=12, **settings)


def test_agents_start_everywhere_alike():
    start = rallypoint.make("torus-v0", copies=2000, width=5, limits=(0, 1, 2), num_agents=5)
    start.reset(seed=0)
    cells = start.state() @ [5, 1]
    counts = np.bincount(cells.ravel(), minlength=25)
    assert abs(counts - 400).max() < 5 * 20  # five standard deviations


def test_antipodal_agents_start_in_two_halves_as_far_apart_as_can_be():
    env = rallypoint.make("torus-v0", copies=50, start="antipodal")
    env.reset(seed=0)
    state, distances = env.state(), env.geometry().distances
    for positions in state:
        places, numbers = np.unique(positions @ [15, 1], return_counts=True)
        assert numbers.tolist() == [5, 5]
        assert distances[tuple(places)] == distances.max() == 14
    assert (state[:, 0] != state[:, 1]).any()  # who is where is drawn
    assert len(np.unique(state[:, 0] @ [15, 1])) > 20  # and so is the place


def test_the_geometry_says_what_the_entries_speak_of():
    env = rallypoint.make("torus-v0", width=11)
    env.reset(seed=0)
    positions, distances, offsets, sides, leads_to = env.geometry()
    assert sides.tolist() == [11, 11]
    assert leads_to[:, 0].tolist() == [0, 11, 110, 1, 10]
    assert positions.tolist() == env.state().tolist()
    assert distances.shape == (121, 121)
    assert distances[0, [0, 1, 10, 11, 60]].tolist() == [0, 1, 1, 1, 10]
    assert offsets[[0, 7, 12, 24]].tolist() == [[-4, -4], [-2, 0], [0, 0], [4, 4]]
    np.testing.assert_array_equal(offsets, -offsets[::-1])
    assert (np.abs(offsets[:, 0].reshape(5, 5)[:, 0] - middles(env.limits)) <= 0.5).all()


def test_noop_leaves_everybody_where_they_are():
    env = rallypoint.make("torus-v0", copies=3)
    env.reset(seed=0)
    before = env.state()
    env.step({"agents": np.full((3, 10), env.noop["agents"])})
    np.testing.assert_array_equal(env.state(), before)


def test_those_who_were_removed_are_back_after_a_reset():
    env = rallypoint.make("torus-v0", copies=2)
    seen = env.reset(seed=0)["agents"]
    gone = np.zeros((2, 10), dtype=bool)
    gone[0, 3:] = True
    fewer = env.remove(gone)["agents"]
    assert not fewer[0, 3:].any()
    assert fewer[0, 0, 12] >= np.float32(1 / 3)
    np.testing.assert_array_equal(fewer[1], seen[1])
    assert env.reset(mask=np.array([True, False]))["agents"][0, :, 12].all()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"width": 16}, "width is odd, got 16.* mirror image"),
        ({"width": 3}, "width is an integer >= 5, got 3"),
        ({"width": 9}, "at most 4 on a torus of width 9, got 5"),
        ({"num_agents": 0}, "num_agents is an integer >= 1"),
        ({"limits": (1, 3)}, "three growing integers"),
        ({"limits": (1, 1, 3)}, "three growing integers"),
        ({"limits": (1.0, 2.5, 4)}, "limits is a list of integers, got"),
        ({"limits": (-1, 2, 4)}, "three growing integers"),
        ({"reward": "spares"}, "no reward is called 'spares'; did you mean 'sparse'"),
        ({"start": "unifrom"}, "no start is called 'unifrom'; did you mean 'uniform'"),
        ({"start": np.zeros((10, 3), dtype=int)}, r"shape \(10, 2\) or \(1, 10, 2\), got int64"),
        ({"start": np.full((10, 2), 15)}, r"lie in 0\.\.14"),
        (
            {"render_mode": "rgb_aray"},
            "no render mode is called 'rgb_aray'; did you mean 'rgb_array'",
        ),
        ({"max_cycles": 0}, "max_cycles is an integer >= 1"),
        ({"cells": 13}, "no setting 'cells'"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_meant_are_refused(settings, says):
    with pytest.raises(InvalidConfig, match=says):
        rallypoint.make("torus-v0", **settings)


def test_an_action_outside_its_space_is_refused():
    env = rallypoint.make("torus-v0", copies=2)
    env.reset(seed=0)
    with pytest.raises(InvalidAction, match=r"agent_0 must be an integer in 0\.\.4, got 5"):
        env.step({"agents": np.full((2, 10), 5)})


def test_an_unknown_size_names_those_there_are():
    with pytest.raises(UnknownName, match="torus-small-v0"):
        rallypoint.make("torus-tiny-v0")


def test_every_start_is_drawn_anew_in_each_episode():
    for start in STARTS:
        env = rallypoint.make("torus-v0", start=start)
        first = env.reset(seed=0)["agents"], env.state()
        env.reset()
        assert (env.state() != first[1]).any()
        np.testing.assert_array_equal(env.reset(seed=0)["agents"], first[0])


def test_pettingzoo_makes_it_in_its_own_ways():
    made = [
        folder.parallel_env(num_agents=3),
        pettingzoo.make("parallel", "rallypoint/torus-v0", num_agents=3),
    ]
    seen = [env.reset(seed=5)[0]["agent_2"].tolist() for env in made]
    assert seen[0] == seen[1]
    assert folder.env(num_agents=3).possible_agents == ["agent_0", "agent_1", "agent_2"]
    assert folder.raw_env is folder.env
