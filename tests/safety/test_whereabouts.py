"""Who is where, beside the definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rallypoint
from rallypoint.batch_env import Geometry
from rallypoint.envs.gathering import metrics
from rallypoint.safety.ground import Ground
from rallypoint.safety.whereabouts import (
    away_from_all,
    counted,
    farthest_from_all,
    spread_of,
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
    everybody = np.ones((30, 10), dtype=bool)
    counts = counted(geometry, everybody)
    far = farthest_from_all(geometry, everybody)
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


@pytest.mark.parametrize("longest", [1, 3, 14, 300, 10**4])
def test_sums_are_those_of_whole_numbers_however_large_and_however_many(longest):
    rng = np.random.default_rng(longest)
    for _ in range(20):
        cells, agents = (int(number) for number in rng.integers(1, 12, 2))
        distances = rng.integers(0, longest + 1, (cells, cells))
        positions = rng.integers(-1, cells, (5, agents, 1))
        no_action = np.zeros((1, cells), dtype=np.int64)
        sides = np.array([cells])
        geometry = Geometry(positions, distances, np.zeros((1, 1), np.int64), sides, no_action)
        who = rng.random((5, agents)) < 0.8
        found = spread_of(geometry, who)
        lines = distances.tolist()
        for row, here in enumerate(positions[..., 0].tolist()):
            meant = [place for place, is_meant in zip(here, who[row], strict=True) if is_meant]
            wanted = [
                sum(lines[place][other] ** 2 for place in meant if place >= 0)
                for other in range(cells)
            ]
            assert found[row].tolist() == wanted


def any_ground(rng):
    """Make a geometry of cells any distance apart, where some agents are absent."""
    sides = rng.integers(1, 5, rng.integers(1, 3))
    cells = int(np.prod(sides))
    distances = rng.integers(0, 6, (cells, cells))
    positions = rng.integers(0, sides, (7, 5, len(sides)))
    positions[rng.random((7, 5)) < 0.2] = -1
    leads_to = rng.integers(0, cells, (rng.integers(1, 6), cells))
    offsets = np.zeros((1, len(sides)), dtype=np.int64)
    return Geometry(positions, distances, offsets, sides, leads_to)


@pytest.mark.parametrize("switch", ["0", "1"])
@given(seed=st.integers(0, 2**32))
def test_all_go_where_sums_of_python_lead_compiled_or_not(switch, seed):
    rng = np.random.default_rng(seed)
    geometry = any_ground(rng)
    honest = rng.random((7, 5)) < 0.7
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RALLYPOINT_FAST", switch)
        moves = away_from_all(geometry, honest)
    lines = geometry.distances.tolist()
    for copy in range(7):
        stands = geometry.cells(np.maximum(geometry.positions[copy], 0)).tolist()
        here = [
            cell
            for cell, place, is_meant in zip(
                stands, geometry.positions[copy, :, 0], honest[copy], strict=True
            )
            if is_meant and place >= 0
        ]
        spread = [sum(lines[cell][other] ** 2 for cell in here) for other in range(len(lines))]
        keys = list(zip(lines[spread.index(min(spread))], spread, strict=True))
        goal = keys.index(max(keys))
        for agent, cell in enumerate(stands):
            ways = [lines[reached][goal] for reached in geometry.leads_to[:, cell].tolist()]
            assert moves[copy, agent] == ways.index(min(ways))


@pytest.mark.parametrize("switch", ["0", "1"])
@pytest.mark.parametrize("kind", [np.int8, np.uint8])
def test_distances_may_be_numbers_whose_squares_are_too_large_for_them(monkeypatch, switch, kind):
    monkeypatch.setenv("RALLYPOINT_FAST", switch)
    _, geometry = placed("torus-v0")
    ahead = np.abs(np.arange(225)[:, None] - np.arange(225))
    far = np.minimum(ahead, 225 - ahead)  # up to 112
    geometry = geometry._replace(distances=far)
    narrow = geometry._replace(distances=far.astype(kind))
    who = np.ones((30, 10), dtype=bool)
    np.testing.assert_array_equal(away_from_all(narrow, who), away_from_all(geometry, who))


def test_tables_are_kept_of_what_nobody_can_change_and_of_nothing_else():
    _, geometry = placed("torus-v0")
    _, again = placed("torus-v0", copies=2)
    assert Ground.of(geometry) is Ground.of(again)
    own = geometry._replace(distances=geometry.distances.copy())
    before = away_from_all(own, np.ones((30, 10), dtype=bool))
    own.distances[:] = own.distances.max() - own.distances
    after = away_from_all(own, np.ones((30, 10), dtype=bool))
    assert (before != after).any()


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
    nobody = np.zeros((2, 10), dtype=bool)
    counts = counted(geometry, nobody)
    assert farthest_from_all(geometry, nobody).shape == (2,)
    assert togetherness(counts, geometry.distances).tolist() == [0, 0]


def test_each_copy_is_its_own():
    _, geometry = placed("torus-v0")
    honest = np.ones((30, 10), dtype=bool)
    whole = away_from_all(geometry, honest)
    for row in (0, 7):
        one = geometry._replace(positions=geometry.positions[row : row + 1])
        np.testing.assert_array_equal(away_from_all(one, honest[:1]), whole[row : row + 1])
