"""Trimmed perception beside its definition, agent by agent; and what must come of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rallypoint
from rallypoint.errors import InvalidConfig, NotOffered
from rallypoint.safety.defences.trimmed_perception import Trimming
from rallypoint.safety.sight import Sight

CELLS = 13


def sight_on_ring(num_agents=10, cells=CELLS):
    world = rallypoint.make("gathering-v0", num_agents=num_agents, cells=cells)
    return Sight.of(world, world.groups[0])


def ring_distance(a, b):
    return min((a - b) % CELLS, (b - a) % CELLS)


def one_by_one(percept, f, around):
    """Drop the farthest other f times; the fuller place first, then the lower entry."""
    others = percept.astype(int).copy()
    others[0] -= 1
    places = range(CELLS)
    cost = {p: sum(n * ring_distance(p, q) for q, n in enumerate(percept)) for p in places}
    middle = 0 if around == "self" else min(places, key=lambda p: (cost[p], ring_distance(p, 0), p))
    fullness = others.copy()
    for _ in range(f):
        left = [p for p in places if others[p]]
        if left:
            far = max(left, key=lambda p: (ring_distance(p, middle), fullness[p], -p))
            others[far] -= 1
    others[0] += 1
    return others


counts_of_others = st.lists(st.integers(0, 3), min_size=CELLS, max_size=CELLS)


@pytest.mark.parametrize("around", ["self", "median"])
@given(others=counts_of_others, f=st.integers(0, 12))
@settings(max_examples=200)
def test_it_drops_as_one_by_one_would(around, others, f):
    percept = np.array(others, dtype=np.float32)
    percept[0] += 1
    sight = sight_on_ring(int(percept.sum()))
    trimmed = Trimming(around=around, f=f).perceive(percept[None, None], sight)[0, 0]
    assert trimmed.tolist() == one_by_one(percept, f, around).tolist()


@pytest.mark.parametrize("around", ["self", "median"])
def test_so_many_are_left_and_oneself_always_is(around):
    world = rallypoint.make("gathering-v0", copies=200)
    seen = world.reset(seed=0)["agents"]
    sight = Sight.of(world, world.groups[0])
    for f in range(12):
        trimmed = Trimming(around=around, f=f).perceive(seen, sight)
        assert (trimmed.sum(axis=-1) == max(10 - f, 1)).all()
        assert (trimmed[..., 0] >= 1).all()
        assert (trimmed <= seen).all()
        assert trimmed.dtype == seen.dtype


def test_around_the_median_all_observers_leave_out_the_same_agents():
    world = rallypoint.make("gathering-v0", start=[0, 0, 0, 0, 1, 1, 1, 12, 6, 7])
    seen = world.reset(seed=0)["agents"]
    trimmed = Trimming(around="median", f=2).perceive(seen, Sight.of(world, world.groups[0]))
    by_cell = [np.roll(row, place) for row, place in zip(trimmed[0], world.state()[0], strict=True)]
    assert all(row.tolist() == [4, 3] + [0] * 10 + [1] for row in by_cell[:8])


def test_around_oneself_those_who_left_are_the_honest_if_one_is_the_liar_far_off():
    world = rallypoint.make("gathering-v0", start=[0, 0, 0, 0, 1, 1, 1, 12, 6, 6])
    seen = world.reset(seed=0)["agents"]
    sight = Sight.of(world, world.groups[0])
    trimmed = Trimming(around="self", f=2).perceive(seen, sight)
    assert trimmed[0, 0].sum() == 8
    assert trimmed[0, 0, 6] == 0  # the two at the antipode are gone for those who are together
    assert trimmed[0, 9, 0] == 2  # and still there for themselves


def test_who_is_not_in_the_world_sees_nothing():
    world = rallypoint.make("gathering-v0", copies=1)
    world.reset(seed=0)
    gone = np.zeros((1, 10), dtype=bool)
    gone[0, 3] = True
    seen = world.remove(gone)["agents"]
    trimmed = Trimming(f=2).perceive(seen, Sight.of(world, world.groups[0]))
    assert not trimmed[0, 3].any()
    assert (trimmed[0, [0, 1, 2]].sum(axis=-1) == 7).all()


def test_none_are_trimmed_with_f_0():
    for world in (rallypoint.make("gathering-v0", copies=50), rallypoint.make("torus-v0")):
        seen = world.reset(seed=0)["agents"]
        trimmed = Trimming(f=0).perceive(seen, Sight.of(world, world.groups[0]))
        np.testing.assert_array_equal(trimmed, seen)


@pytest.mark.parametrize("around", ["self", "median"])
def test_on_a_torus_shares_stay_shares_and_those_out_of_sight_go_first(around):
    world = rallypoint.make("torus-v0", copies=100)
    seen = world.reset(seed=0)["agents"]
    sight = Sight.of(world, world.groups[0])
    trimmed = Trimming(around=around, f=3).perceive(seen, sight)
    assert world.groups[0].observation_space.contains(trimmed[0, 0])
    in_view = np.rint(10 * seen.sum(axis=-1))
    left = np.rint(7 * trimmed.sum(axis=-1))
    assert (left == np.minimum(in_view, 7)).all()


def test_what_cannot_be_meant_is_refused():
    with pytest.raises(InvalidConfig, match="'medain'; did you mean 'median'"):
        Trimming(around="medain")
    with pytest.raises(InvalidConfig, match=r"f is how many may lie at most, .*got -1"):
        Trimming(f=-1)


def test_a_world_that_does_not_say_who_is_where_is_refused():
    world = rallypoint.make("cartpole-v1")
    with pytest.raises(NotOffered, match="cartpole-v1 does not offer geometry"):
        Sight.of(world, world.groups[0])
