"""Filter."""

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig
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


def test_the_same_updates_give_the_same_bits(rng):
    updates = rng.standard_normal((600, 20))
    weights = {explain("filter", updates, f=60).weights.tobytes() for _ in range(3)}
    assert len(weights) == 1


@pytest.mark.parametrize("settings", [{"scale": 0}, {"scale": float("nan")}, {"factor": -1}])
def test_settings_that_cannot_be_meant_are_refused(settings):
    with pytest.raises(InvalidConfig, match=f"{next(iter(settings))} must be positive"):
        Filter(**settings)
