"""Centred clipping."""

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation.rules.centered_clipping import CenteredClipping


def reference(updates, previous, tau, steps):
    centre = previous
    for _ in range(steps):
        offsets = updates - centre
        lengths = np.linalg.norm(offsets, axis=1, keepdims=True)
        centre = centre + (offsets * np.minimum(1, tau / np.maximum(lengths, 1e-300))).mean(axis=0)
    return centre


@pytest.mark.parametrize("tau", [0.1, 1.0, 4.0, 1e6])
@pytest.mark.parametrize("steps", [1, 3, 50])
def test_it_walks_as_the_formula_says(case, answer, tau, steps):
    updates, f, rng = case
    previous = rng.standard_normal(4)
    found = answer(CenteredClipping(tau=tau, steps=steps), updates, f, previous=previous)
    assert np.allclose(found, reference(updates, previous, tau, steps))


@pytest.mark.parametrize(("steps", "value"), [(1, 1.25), (2, 1.5625), (3, 1.640625)])
def test_by_hand(answer, steps, value):
    updates = np.array([[0.0], [1], [2], [100]])
    rule = CenteredClipping(tau=2, steps=steps)
    assert answer(rule, updates, 1, previous=np.zeros(1))[0] == pytest.approx(value, abs=1e-12)


def test_an_update_that_is_the_last_aggregate_divides_by_nothing(answer):
    updates = np.array([[1.0, 1], [1, 1], [4, 5]])
    found = answer(CenteredClipping(tau=2.5), updates, 1, previous=np.ones(2))
    assert np.allclose(found, [1 + 0.5, 1 + 2 / 3])


def test_a_lie_moves_a_step_by_tau_over_n_at_most(case, answer):
    updates, f, _ = case
    rule, previous = CenteredClipping(tau=3.0), np.zeros(4)
    lied = updates.copy()
    lied[0] = 1e30
    moved = answer(rule, lied, f, previous=previous) - answer(rule, updates, f, previous=previous)
    assert np.linalg.norm(moved) <= 2 * 3.0 / len(updates)


def test_a_tau_beyond_all_distances_is_the_mean_and_a_small_one_crawls(case, answer):
    updates, f, _ = case
    mean = answer(CenteredClipping(tau=1e6), updates, f, previous=np.zeros(4))
    assert np.allclose(mean, updates.mean(axis=0))
    step = answer(CenteredClipping(tau=1e-6), updates, f, previous=np.zeros(4))
    assert np.linalg.norm(step) <= 1e-6


@pytest.mark.parametrize("settings", [{"tau": 0}, {"tau": -1}, {"tau": float("nan")}, {"steps": 0}])
def test_settings_that_cannot_be_meant_are_refused(settings):
    with pytest.raises(InvalidConfig, match=next(iter(settings))):
        CenteredClipping(**settings)
