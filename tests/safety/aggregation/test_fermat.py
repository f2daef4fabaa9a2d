"""The point with the least sum of distances to others."""

from itertools import pairwise

import numpy as np
import pytest

from rallypoint.safety.aggregation import fermat
from rallypoint.safety.aggregation.fermat import fermat_point


def find(points, masses, rounds=100):
    centre = points[np.abs(points - np.median(points, axis=0)).sum(axis=1).argmin()]
    gram = (points - centre) @ (points - centre).T
    return fermat_point(gram, masses, tolerance=1e-9, rounds=rounds)


@pytest.mark.parametrize("seed", range(20))
def test_a_mass_is_so_many_points(seed):
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((7, 3))
    masses = rng.integers(1, 5, 7).astype(np.float64)
    repeated = np.repeat(points, masses.astype(int), axis=0)
    found = find(repeated, np.ones(len(repeated))) @ repeated
    assert np.allclose(find(points, masses) @ points, found, atol=1e-7)


def test_half_of_all_mass_holds_it(rng):
    points = rng.standard_normal((5, 3))
    masses = np.array([1.0, 1, 1, 1, 4])
    assert find(points, masses).tolist() == [0, 0, 0, 0, 1]


@pytest.mark.parametrize("seed", range(20))
def test_every_step_descends(seed):
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((12, 2)) * 10 ** rng.uniform(-1, 1, (12, 1))
    ends = [find(points, np.ones(12), rounds) @ points for rounds in (1, 2, 3, 4, 5, 100)]
    sums = [np.linalg.norm(points - end, axis=1).sum() for end in ends]
    least = np.linalg.norm(points[:, None] - points, axis=2).sum(axis=1).min()
    assert all(later <= sooner * (1 + 1e-14) for sooner, later in pairwise(sums))
    assert sums[0] <= least


def in_general_position(rng):
    return rng.standard_normal((int(rng.integers(5, 25)), int(rng.integers(4, 300))))


def some_far_off(rng):
    points = in_general_position(rng)
    points[: len(points) // 4] += 1e6
    return points


def pointing_one_way(rng):
    return 30 + in_general_position(rng)


@pytest.mark.parametrize("kind", [in_general_position, some_far_off, pointing_one_way])
@pytest.mark.parametrize("seed", range(10))
def test_full_steps_end_where_care_does(kind, seed):
    rng = np.random.default_rng(seed)
    points = kind(rng)
    masses = rng.uniform(1, 2, len(points))
    gram = points @ points.T
    soon = fermat._by_full_steps(gram, masses, 1e-9, 100)
    slowly = fermat._with_care(gram, masses, 1e-12, 100)
    away = np.linalg.norm(points - slowly @ points, axis=1)
    harmonic = masses.sum() / (masses / away).sum()
    assert np.linalg.norm((soon - slowly) @ points) <= 2e-9 * harmonic
    assert soon.sum() == pytest.approx(1)


@pytest.mark.parametrize("seed", range(10))
def test_full_steps_are_given_up_on_a_line_and_where_a_point_is_the_answer(seed):
    rng = np.random.default_rng(seed)
    line = np.outer(rng.standard_normal(8), rng.standard_normal(20))
    middle = rng.standard_normal((4, 20))
    around = np.vstack([middle, -middle, np.zeros((1, 20))])
    equal = np.ones((5, 3))
    for points in (line, around, equal):
        assert fermat._by_full_steps(points @ points.T, np.ones(len(points)), 1e-9, 100) is None


@pytest.mark.parametrize("away", [1e-2, 1e-4, 1e-6])
def test_an_answer_just_beside_a_point_is_found(away):
    # A triangle whose angle at the origin is just under 120 degrees, so that the pull of the other
    # two is just over the 1 that this corner holds.
    angle = np.pi / 6 + away
    points = np.array([[np.cos(angle), np.sin(angle)], [0, 0], [-np.cos(angle), np.sin(angle)]])
    found = find(points, np.ones(3)) @ points
    units = (points - found) / np.linalg.norm(points - found, axis=1)[:, None]
    assert 0 < np.linalg.norm(found) < 4 * away
    assert np.allclose(units.sum(axis=0), 0, atol=1e-4)


@pytest.mark.parametrize("rounding", [1e-16, 1e-13, 1e-10])
def test_points_that_are_nearly_one_do_not_set_the_scale(rounding, rng):
    for _ in range(300):
        some = rng.standard_normal((int(rng.integers(2, 11)), int(rng.integers(1, 4))))
        points = some[rng.integers(0, len(some), int(rng.integers(4, 12)))]
        points = points * (1 + rounding * rng.standard_normal(points.shape))
        weights = find(points, np.ones(len(points)))
        assert weights.sum() == pytest.approx(1)
        offsets = points - weights @ points
        away = np.linalg.norm(offsets, axis=1)
        apart = away > 1e-8
        pull = np.linalg.norm((offsets[apart] / away[apart, None]).sum(axis=0))
        assert pull <= (~apart).sum() + 1e-5


def test_a_corner_that_holds_more_than_the_others_pull_is_the_answer():
    angle = np.pi / 6 - 1e-6
    points = np.array([[np.cos(angle), np.sin(angle)], [0, 0], [-np.cos(angle), np.sin(angle)]])
    assert find(points, np.ones(3)).tolist() == [0, 1, 0]


def test_steps_that_go_too_far_are_shortened():
    # Nearly on a line and of very different sizes, which Newton's full steps never settle on.
    points = np.array([[0.0011, 0.001], [-0.1519, -0.0333], [0.0022, 0.0003], [-7.65, -1.944]])
    found = find(points, np.ones(4)) @ points
    units = (points - found) / np.linalg.norm(points - found, axis=1)[:, None]
    assert np.allclose(units.sum(axis=0), 0, atol=1e-6)


def test_a_curvature_that_rounding_makes_singular_leaves_weiszfelds_step():
    one = np.ones(1)
    step, length = fermat._downhill(np.array([[1 + 1e-12]]), one, one, one)
    assert (step.tolist(), length) == ([0], 0)


def test_what_far_points_pull_counts_to_the_last_digit():
    points = np.array([[0.0], [1], [2], [1e30], [1e30]])
    assert find(points, np.ones(5)).tolist() == [0, 0, 1, 0, 0]


@pytest.mark.parametrize("seed", range(10))
def test_rounding_does_not_part_equal_points(seed):
    rng = np.random.default_rng(seed)
    points = 1e3 + rng.standard_normal((7, 3))
    points[:4] = points[0]
    gram = points @ points.T
    noise = 1e-16 * np.abs(gram) * rng.choice([-1, 1], (7, 7))
    found = fermat_point(gram + noise + noise.T, np.ones(7), tolerance=1e-9, rounds=100)
    assert not found[4:].any()
    assert found.sum() == pytest.approx(1)
