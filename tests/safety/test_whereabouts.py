"""Who is where, beside the definitions."""

import numpy as np
import pytest

import rallypoint
from rallypoint.envs.gathering import metrics
from rallypoint.safety.whereabouts import (
    away_from_all,
    counted,
    farthest_from_all,
    steps_towards,
    togetherness,
)

IDS = ("gathering-v0", "torus-v0")


def placed(id, copies=30):
    world = rallypoint.make(id, copies=copies)
    world.reset(seed=2)
    return world, world.geometry()


@pytest.mark.parametrize("id", IDS)
def test_only_those_meant_and_present_are_counted(id):
    world, _ = placed(id)
    gone = np.zeros((30, 10), dtype=bool)
    gone[:, 0] = True
    world.remove(gone)
    who = np.ones((30, 10), dtype=bool)
    who[:, 1:3] = False
    geometry = world.geometry()
    counts = counted(geometry, who)
    assert (counts.sum(axis=1) == 7).all()
    cells = geometry.cells(geometry.positions)
    for row in range(30):
        assert (
            counts[row].tolist() == np.bincount(cells[row, 3:], minlength=counts.shape[1]).tolist()
        )


@pytest.mark.parametrize("id", IDS)
def test_the_farthest_cell_is_as_far_from_the_middle_as_any(id):
    _, geometry = placed(id)
    counts = counted(geometry, np.ones((30, 10), dtype=bool))
    far = farthest_from_all(counts, geometry.distances)
    for row in range(30):
        spread = [
            sum(n * d**2 for n, d in zip(counts[row], line, strict=True))
            for line in geometry.distances.tolist()
        ]
        middle = geometry.distances[np.argmin(spread)]
        assert middle[far[row]] == middle.max()
        assert spread[far[row]] == max(
            s for s, d in zip(spread, middle, strict=True) if d == middle.max()
        )


@pytest.mark.parametrize("longest", [3, 14, 300, 10**4])
def test_the_farthest_is_the_first_of_equals_in_whole_numbers(longest):
    """Whether they fit into float32 or not: beside sums of Python's integers."""
    rng = np.random.default_rng(longest)
    for _ in range(20):
        cells = int(rng.integers(1, 12))
        distances = rng.integers(0, longest + 1, (cells, cells))
        distances = np.triu(distances, 1) + np.triu(distances, 1).T
        counts = rng.integers(0, 4, (5, cells)).astype(np.float64)
        found = farthest_from_all(counts, distances)
        for row, here in enumerate(counts.astype(int).tolist()):
            lines = distances.tolist()
            spread = [sum(n * d * d for n, d in zip(here, line, strict=True)) for line in lines]
            away = lines[spread.index(min(spread))]
            keys = list(zip(away, spread, strict=True))
            assert found[row] == keys.index(max(keys))


@pytest.mark.parametrize("id", IDS)
def test_steps_lead_nearer_until_they_arrive(id):
    world, geometry = placed(id)
    goal = np.arange(30) % len(geometry.distances)
    before = geometry.distances[geometry.cells(geometry.positions), goal[:, None]]
    world.step({"agents": steps_towards(geometry, goal)})
    geometry = world.geometry()
    after = geometry.distances[geometry.cells(geometry.positions), goal[:, None]]
    assert (after == np.maximum(before - 1, 0)).all()


def test_togetherness_is_the_fullest_window_less_a_little_distance():
    world, geometry = placed("gathering-v0", copies=200)
    counts = counted(geometry, np.ones((200, 10), dtype=bool))
    found = togetherness(counts, geometry.distances)
    share = metrics.largest_group(metrics.counts(world.state(), 13))
    assert (np.abs(found - share) <= 0.01).all()
    assert (found <= share).all()
    spread = metrics.mean_pair_distance(metrics.counts(world.state(), 13))
    same = share == 0.5
    assert (np.diff(found[same][np.argsort(spread[same])]) <= 1e-12).all()


def test_nobody_is_not_together():
    _, geometry = placed("gathering-v0", copies=2)
    counts = counted(geometry, np.zeros((2, 10), dtype=bool))
    assert farthest_from_all(counts, geometry.distances).shape == (2,)
    assert togetherness(counts, geometry.distances).tolist() == [0, 0]


def test_each_copy_is_its_own():
    _, geometry = placed("torus-v0")
    honest = np.ones((30, 10), dtype=bool)
    whole = away_from_all(geometry, honest)
    for row in (0, 7):
        one = geometry._replace(positions=geometry.positions[row : row + 1])
        np.testing.assert_array_equal(away_from_all(one, honest[:1]), whole[row : row + 1])
