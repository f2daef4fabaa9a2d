"""Filter."""

from dataclasses import replace

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig, TooManyByzantine
from rallypoint.safety.aggregation import aggregate, explain
from rallypoint.safety.aggregation.parts import Context
from rallypoint.safety.aggregation.rules.filter import Filter


def reference(updates, f, limit=0.0):
    left = np.ones(len(updates))
    while True:
        mean = left @ updates / left.sum()
        values, vectors = np.linalg.eigh(np.atleast_2d(np.cov(updates.T, aweights=left, ddof=0)))
        away = ((updates - mean) @ vectors[:, -1]) ** 2 * (left > 0)
        less = left * (1 - away / away.max())
        if values[-1] <= limit or less.sum() < len(updates) - 2 * f:
            return mean
        left = less


def test_it_is_the_mean_of_what_is_left(case, answer):
    updates, f, _ = case
    assert np.allclose(answer(Filter(), updates, f), reference(updates, f))
    for scale in (0.1, 0.3, 0.5, 1, 2):
        found = answer(Filter(scale=scale), updates, f)
        assert np.allclose(found, reference(updates, f, 9 * scale**2))
        found = answer(Filter(scale=scale, factor=2), updates, f)
        assert np.allclose(found, reference(updates, f, 2 * scale**2))


def test_by_hand(answer):
    updates = np.array([[0.0], [0], [0], [1], [10]])
    # The mean is 2.2; 10 loses all, the others (2.2 / 7.8)² three times and (1.2 / 7.8)².
    left = np.array([1 - (2.2 / 7.8) ** 2] * 3 + [1 - (1.2 / 7.8) ** 2])
    once = left @ [0, 0, 0, 1] / left.sum()
    assert np.allclose(answer(Filter(scale=1), updates, 1), once)
    assert np.allclose(answer(Filter(scale=2), updates, 1), 2.2)  # 4 squared is 16 of at most 36
    assert np.allclose(answer(Filter(), updates, 1), once)  # next is 1, and would be the third


def test_updates_no_wider_than_known_are_averaged(answer, rng):
    updates = rng.standard_normal((30, 5))
    assert np.allclose(answer(Filter(scale=1), updates, 10), updates.mean(axis=0))


def test_no_more_than_2_f_of_weight_is_lost(case, span_of):
    updates, f, _ = case
    weights = Filter(scale=1e-9).weights(span_of(updates), f, Context())
    assert weights.max() <= 1 / (len(updates) - 2 * f)
    assert weights.min() >= 0


@pytest.mark.parametrize("d", [16, 64, 256])
def test_the_error_does_not_grow_with_d(d):
    # Diakonikolas et al.'s setting: identity covariance, a tenth of lies at 1.5 in every column.
    n, f = 1000, 100
    rng = np.random.default_rng(d)
    updates = rng.standard_normal((n, d))
    updates[:f] = 1.5 + 0.1 * rng.standard_normal((f, d))
    factor = 1.05 * (1 + np.sqrt(d / n)) ** 2  # the widest direction of so many honest updates
    found = aggregate("filter", updates, f=f, scale=1, factor=factor)
    honest = np.linalg.norm(updates[f:].mean(axis=0))
    assert np.linalg.norm(found) < 1.5 * honest
    # A tenth of lies moves a median by 0.14 in every column.
    assert np.linalg.norm(np.median(updates, axis=0)) > 0.1 * np.sqrt(d)


def test_liars_however_far_are_gone(answer, rng):
    updates = rng.standard_normal((11, 4))
    updates[:3] = 1e30 * rng.standard_normal((3, 4))
    for rule in (Filter(), Filter(scale=1)):
        found = answer(rule, updates, 3)
        assert (updates[3:].min(axis=0) <= found).all()
        assert (found <= updates[3:].max(axis=0)).all()


def test_nothing_to_lose_makes_it_the_mean(answer, rng):
    updates = rng.standard_normal((6, 3))
    assert np.allclose(answer(Filter(), updates, 0), updates.mean(axis=0))
    assert np.allclose(answer(Filter(), updates[:1], 0), updates[0])
    assert np.allclose(answer(Filter(), np.ones((5, 3)), 2), 1)


def test_equal_liars_are_gone_at_once_and_leave_nothing_behind(span_of, rng):
    updates = rng.standard_normal((12, 5))
    updates[:3] = 20 / 3
    span = span_of(updates + 1e3)
    noise = 1e-13 * span.gram * rng.choice([-1, 1], (12, 12))
    exact = Filter().weights(span_of(updates), 3, Context())
    found = Filter().weights(replace(span, gram=span.gram + noise + noise.T), 3, Context())
    assert (exact[:3] == 0).all()
    assert (found[:3] == 0).all()
    assert np.allclose(found, exact, atol=1e-9)


def test_a_shared_mean_costs_no_digits():
    for seed in range(10):
        rng = np.random.default_rng(seed)
        updates = (1000 + 0.1 * rng.standard_normal((11, 300))).astype(np.float32)
        updates[-1] = 1e6
        found = aggregate("filter", updates, f=3, scale=0.1)
        expected = reference(updates.astype(np.float64), 3, 9 * 0.1**2)
        assert np.abs(found - expected).max() <= 2e-4


def test_the_same_updates_give_the_same_bits(rng):
    updates = rng.standard_normal((600, 20))
    weights = {explain("filter", updates, f=60).weights.tobytes() for _ in range(3)}
    assert len(weights) == 1


@pytest.mark.parametrize("settings", [{"scale": 0}, {"scale": float("nan")}, {"factor": -1}])
def test_settings_that_cannot_be_meant_are_refused(settings):
    with pytest.raises(InvalidConfig, match=f"{next(iter(settings))} must be positive"):
        Filter(**settings)


def test_too_large_an_f_is_refused(rng):
    aggregate("filter", rng.standard_normal((5, 3)), f=2)
    with pytest.raises(TooManyByzantine, match=r"n >= 2 ?f \+ 1"):
        aggregate("filter", rng.standard_normal((4, 3)), f=2)
