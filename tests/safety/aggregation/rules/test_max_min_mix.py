"""Max-min mix: half the mean of directions, half what no n - f updates are against."""

from itertools import combinations

import numpy as np
import pytest
from scipy.optimize import linprog

from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation import aggregate
from rallypoint.safety.aggregation.rules.max_min_mix import MaxMinMix
from rallypoint.safety.aggregation.rules.mean_of_directions import MeanOfDirections

HALF, ALL = MaxMinMix(), MaxMinMix(share=1.0)


def scaled(updates):
    norms = np.linalg.norm(updates, axis=1, keepdims=True)
    return updates / norms * np.median(norms)


def means_of_sets(updates, f):
    n = len(updates)
    chosen = [list(subset) for subset in combinations(range(n), n - f)]
    return np.array([scaled(updates)[subset].mean(axis=0) for subset in chosen])


def test_it_is_half_of_each(case, answer):
    updates, f, _ = case
    origin = np.zeros(4)
    found, most, mean = (
        answer(part, updates, f, origin=origin) for part in (HALF, ALL, MeanOfDirections())
    )
    assert np.allclose(found, (most + mean) / 2)
    assert np.allclose(answer(MaxMinMix(share=0.0), updates, f, origin=origin), mean)


def test_no_set_of_n_less_f_updates_is_against_it(case, answer):
    updates, f, _ = case
    found = answer(ALL, updates, f, origin=np.zeros(4))
    along = means_of_sets(updates, f) @ found
    assert along.min() >= found @ found - 1e-5 * np.median(np.linalg.norm(updates, axis=1)) ** 2


def test_it_lies_among_the_means_of_sets(case, answer):
    updates, f, _ = case
    found = answer(ALL, updates, f, origin=np.zeros(4))
    means = means_of_sets(updates, f)
    equalities = np.vstack([means.T, np.ones(len(means))])
    solved = linprog(
        np.zeros(len(means)), A_eq=equalities, b_eq=np.append(found, 1), bounds=(0, None)
    )
    assert solved.success


def test_no_step_agrees_more_with_whoever_agrees_least(answer, rng):
    updates = rng.standard_normal((7, 3)) + 1.0
    updates[:2] *= -2
    found = answer(ALL, updates, 2, origin=np.zeros(3))
    means = means_of_sets(updates, 2)
    least = (means @ found).min() / np.linalg.norm(found)
    others = rng.standard_normal((20_000, 3))
    others /= np.linalg.norm(others, axis=1, keepdims=True)
    assert (means @ others.T).min(axis=0).max() <= least + 1e-6


def test_liars_can_stall_its_second_half_but_not_turn_it(answer, rng):
    for _ in range(50):
        honest = rng.standard_normal((7, 5)) + rng.uniform(0, 1, 5)
        lies = -rng.uniform(0.1, 3) * np.tile(honest.mean(axis=0), (3, 1))
        updates = np.vstack([honest, lies])
        found = answer(ALL, updates, 3, origin=np.zeros(5))
        length = np.median(np.linalg.norm(updates, axis=1))
        assert scaled(updates)[:7].mean(axis=0) @ found >= found @ found - 1e-5 * length**2


def test_no_lies_bring_it_below_the_bound_of_its_docstring(answer, rng):
    h, f = 7, 3
    for _ in range(100):
        honest = rng.standard_normal((h, 5)) + rng.uniform(0, 1, 5)
        lies = rng.standard_normal((f, 5)) * 10 ** rng.uniform(-2, 2, (f, 1))
        updates = np.vstack([honest, lies])
        mean = (honest / np.linalg.norm(honest, axis=1, keepdims=True)).mean(axis=0)
        length, scale = np.linalg.norm(mean), np.median(np.linalg.norm(updates, axis=1))
        shortest = answer(ALL, updates, f, origin=np.zeros(5))
        bound = 0.5 * scale * length * (h * length - f) / (h + f)
        bound += 0.5 * (shortest @ shortest) / scale
        assert aggregate("max_min_mix", updates, f) @ mean >= bound - 1e-5 * scale


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_far_and_equal_lies_cost_no_digits(dtype, rng):
    honest = rng.standard_normal((7, 50)) + 0.5
    near, far = (
        np.vstack([honest, np.tile(-length * np.ones(50), (3, 1))]).astype(dtype)
        for length in (1.0, 1e12)
    )
    # The liars' length only shows in the median norm, which is an honest one in both.
    one, other = (aggregate("max_min_mix", updates, 3) for updates in (near, far))
    norms = [np.median(np.linalg.norm(updates, axis=1)) for updates in (near, far)]
    assert np.allclose(one / norms[0], other / norms[1], atol=1e-5)


@pytest.mark.parametrize("seed", range(12))
def test_no_short_lie_ends_the_search(seed):
    rng = np.random.default_rng(seed)
    updates = 10 * rng.standard_normal(40) + rng.standard_normal((5, 40))
    updates[-1] = 1e-6 * rng.standard_normal(40)  # its direction is rounding alone
    honest = updates[:-1].mean(axis=0)
    found = aggregate("max_min_mix", updates.astype(np.float32), 1)
    assert found @ honest > 0.5 * np.linalg.norm(found) * np.linalg.norm(honest)


@pytest.mark.parametrize("seed", range(6))
def test_updates_on_a_line_have_a_mix(seed):
    rng = np.random.default_rng(seed)
    updates = np.outer(rng.standard_normal(7), rng.standard_normal(40)).astype(np.float32)
    assert np.isfinite(aggregate("max_min_mix", updates, 2)).all()


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(InvalidConfig, match="share must lie in"):
        MaxMinMix(share=share)
