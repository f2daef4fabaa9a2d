"""Geometric median."""

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation import aggregate
from rallypoint.safety.aggregation.rules.geometric_median import GeometricMedian


def reference(updates):
    """Take Weiszfeld's steps from the mean, many."""
    point = updates.mean(axis=0)
    for _ in range(20_000):
        pulls = 1 / np.maximum(np.linalg.norm(updates - point, axis=1), 1e-12)
        point = pulls @ updates / pulls.sum()
    return point


def test_it_is_where_weiszfelds_steps_lead(case, answer):
    updates, f, _ = case
    assert np.allclose(answer(GeometricMedian(), updates, f), reference(updates), atol=1e-7)


def lattice(rng, n, d):
    return rng.integers(0, 3, (n, d)).astype(np.float64)


def doubled(rng, n, d):
    return rng.standard_normal((n, d))[rng.integers(0, (n + 1) // 2, n)]


def of_many_sizes(rng, n, d):
    return rng.standard_normal((n, d)) * 10.0 ** rng.integers(-6, 7, (n, 1))


def on_a_line(rng, n, d):
    return np.outer(rng.standard_normal(n), rng.standard_normal(d))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("kind", [lattice, doubled, of_many_sizes, on_a_line])
def test_the_pull_of_the_others_is_no_more_than_the_point_holds(kind, seed, answer):
    rng = np.random.default_rng(seed)
    updates = kind(rng, int(rng.integers(1, 20)), int(rng.integers(1, 5)))
    found = answer(GeometricMedian(), updates)
    offsets = updates - found
    away = np.linalg.norm(offsets, axis=1)
    apart = away > 1e-9 * max(np.abs(updates).max(), 1e-3)
    pull = np.linalg.norm((offsets[apart] / away[apart, None]).sum(axis=0))
    assert pull <= (~apart).sum() + 1e-5


def test_by_hand(answer):
    assert np.allclose(answer(GeometricMedian(), np.array([[1.0], [2], [3], [4], [100]])), [3])
    steps = np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 9]])
    assert np.allclose(answer(GeometricMedian(), steps), [4, 5, 6])
    triangle = np.array([[1.0, 0], [-0.5, np.sqrt(0.75)], [-0.5, -np.sqrt(0.75)]])
    assert np.allclose(answer(GeometricMedian(), triangle), 0, atol=1e-12)


def test_as_recorded(answer):
    updates = np.random.default_rng(7).standard_normal((11, 4))
    updates[9:] += 3
    expected = [-0.276078, -0.248374, -0.330269, 0.117532]
    assert np.allclose(answer(GeometricMedian(), updates, 2), expected, atol=1e-6)


def test_of_an_even_number_on_a_line_it_is_the_middle_of_the_middle_two(answer):
    updates = np.array([[1.0], [8], [2], [4]]) * np.array([1, -2, 3])
    assert np.allclose(answer(GeometricMedian(), updates), [3, -6, 9])


def test_most_updates_at_one_point_are_the_answer(answer, rng):
    updates = rng.standard_normal((7, 3))
    updates[[1, 3, 4, 6]] = updates[1]
    assert np.allclose(answer(GeometricMedian(), updates), updates[1], atol=1e-14)


def test_an_update_in_the_middle_of_others_is_the_answer(answer, rng):
    others = rng.standard_normal((4, 3))
    updates = np.vstack([others, -others, np.zeros((1, 3))])
    assert np.allclose(answer(GeometricMedian(), updates), 0, atol=1e-12)


@pytest.mark.parametrize("scale", [1e-20, 1e-6, 1e6, 1e20])
def test_it_has_no_scale_of_its_own(scale, case, answer):
    updates, f, _ = case
    expected = answer(GeometricMedian(), updates, f)
    assert np.allclose(answer(GeometricMedian(), scale * updates, f) / scale, expected)


def test_far_updates_pull_no_more_than_others_and_cost_no_digits(answer, rng):
    updates = rng.standard_normal((11, 4))
    answers = []
    for far in (1e8, 1e15, 1e30):
        updates[8:] = far * np.eye(4)[:3]
        found = answer(GeometricMedian(), updates, 3)
        offsets = updates[:8] - found
        pull = (offsets / np.linalg.norm(offsets, axis=1)[:, None]).sum(axis=0)
        assert np.allclose(pull, [-1, -1, -1, 0], atol=1e-6)
        answers.append(found)
    assert np.allclose(answers, answers[0], atol=1e-6)


def test_far_updates_can_pull_it_out_of_the_range_of_the_others(answer):
    updates = np.array([[0.0, 0], [0, 1], [0, 2], [1e30, 1], [1e30, 1]])
    # Of the three, the middle one pulls back by 1; so the others do by 1 / 2 each, at 60 degrees.
    assert np.allclose(answer(GeometricMedian(), updates, 2), [1 / np.sqrt(3), 1])


@pytest.mark.parametrize("settings", [{"tolerance": 0}, {"tolerance": 1}, {"rounds": 0}])
def test_settings_that_cannot_be_meant_are_refused(settings):
    with pytest.raises(InvalidConfig, match=next(iter(settings))):
        GeometricMedian(**settings)


@pytest.mark.parametrize(
    ("low", "high"),
    [
        ([-0.3640973] * 3 + [-0.36409727] * 2, [2.0911515] * 5),
        ([-1.6344581] * 4 + [-1.6344582], [-0.5896576] + [-0.58965755] * 4),
        ([-1.1021750, -1.1021750, -1.1021751], [-0.089051604, -0.089051694, -0.089051746]),
    ],
)
def test_two_camps_that_differ_by_rounding_leave_the_answer_between_them(low, high):
    """Newton's weights of 1e9 cancelled to rounding, and led 1,600 times as far as they are."""
    updates = np.array([*low, *high], dtype=np.float32)[:, None]
    (answer,) = aggregate("geometric_median", updates, f=1)
    assert updates.min() <= answer <= updates.max()


@pytest.mark.parametrize(
    ("coarse", "f", "updates"),
    [
        ({"rounds": 1}, 3, [[-3, -1], [-2, -3], [-2, -3], [-3, -2], [1, 1], [0, 0], [2, 3]]),
        ({"tolerance": 0.9}, 1, [[2, 3], [1, 2], [-30, -30]]),
    ],
)
def test_who_stops_short_of_it_declares_no_constant(coarse, f, updates):
    updates, n = np.array(updates, dtype=np.float64), len(updates)
    honest = updates[: n - f]
    allowed = GeometricMedian().robustness(n, f) * honest.var(axis=0).sum()
    for settings, holds in ((coarse, False), ({}, True)):
        off = aggregate("geometric_median", updates, f=f, **settings) - honest.mean(axis=0)
        assert (off @ off <= allowed) == holds
    assert GeometricMedian(**coarse).robustness(n, f) is None
    assert GeometricMedian(tolerance=1e-12, rounds=200).robustness(n, f) == n / (n - 2 * f)
