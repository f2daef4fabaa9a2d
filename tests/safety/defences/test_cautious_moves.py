"""Cautious moves: the range that liars cannot shift, and where agents stay."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rallypoint
from rallypoint.safety.defences.cautious_moves import CautiousMoves, range_left
from rallypoint.safety.sight import Sight

OFFSETS = st.lists(st.integers(-6, 6), min_size=1, max_size=12)


def percept(offsets):
    """What an agent sees that stands with others at these offsets from it."""
    counts = np.zeros(13, dtype=np.float32)
    np.add.at(counts, np.array([0, *offsets]) % 13, 1)
    return counts[None, None]


def sight(num_agents):
    world = rallypoint.make("gathering-v0", num_agents=num_agents)
    return Sight.of(world, world.groups[0])


@given(offsets=OFFSETS, f=st.integers(0, 6))
@settings(max_examples=200)
def test_the_range_is_what_sorting_and_dropping_leaves(offsets, f):
    everybody = sorted([0, *offsets])
    left = everybody[f : len(everybody) - f]
    low, high = range_left(percept(offsets), sight(len(everybody)), f)
    if left:
        assert (low.item(), high.item()) == (left[0], left[-1])
    else:
        assert low.item() > high.item()


@given(offsets=OFFSETS, lies=st.lists(st.integers(-6, 6), max_size=3))
@settings(max_examples=200)
def test_whatever_f_liars_say_the_range_lies_among_the_honest(offsets, lies):
    honest = [0, *offsets]
    f = len(lies)
    low, high = range_left(percept([*offsets, *lies]), sight(len(honest) + f), f)
    if len(honest) > f:
        assert min(honest) <= low.item() <= high.item() <= max(honest)


@pytest.mark.parametrize(
    ("offsets", "f", "moves"),
    [
        ([2, 3, 4], 1, [True, True, False]),  # the range is 2 … 3: ahead, or stay
        ([-2, 3, 4], 1, [True, True, False]),  # 0 … 3: back would leave it
        ([-2, -1, 3, 4], 1, [True, True, True]),
        ([-2, -3, 1], 1, [True, False, True]),
        ([3, 3], 2, [True, False, False]),  # more than half might lie: nothing is left
    ],
)
def test_moves_that_lead_away_from_the_range_are_not_made(offsets, f, moves):
    seen = percept(offsets)
    found = [
        int(CautiousMoves(f=f).decide(np.array([[action]]), seen, sight(1 + len(offsets))).item())
        for action in range(3)
    ]
    assert found == [action if allowed else 0 for action, allowed in enumerate(moves)]


def test_with_f_0_nobody_leaves_the_others():
    world = rallypoint.make("gathering-v0", start=[0, 0, 1, 2, 2, 2, 3, 3, 3, 3])
    seen = world.reset(seed=0)["agents"]
    for action in (1, 2):
        done = CautiousMoves(f=0).decide(
            np.full((1, 10), action), seen, Sight.of(world, world.groups[0])
        )
        edge = 3 if action == 1 else 0
        assert ((done == 0) == (world.state() == edge)).all()


def test_on_a_torus_each_axis_has_a_range_of_its_own():
    start = [[5, 5], [6, 5], [7, 5], [7, 5]]
    world = rallypoint.make("torus-v0", width=11, num_agents=4, start=start)
    seen = world.reset(seed=0)["agents"]
    defence = CautiousMoves(f=0)
    done = [
        defence.decide(np.full((1, 4), action), seen, Sight.of(world, world.groups[0]))[0]
        for action in range(5)
    ]
    assert [row.tolist() for row in done[3:]] == [[0] * 4] * 2  # nobody is in another row
    assert done[1][0] == 1  # towards the others
    assert done[2][0] == 0  # away from them
