"""Rules that remove what stands out, one after the other: filter, QUE and CAF."""

from dataclasses import replace

import numpy as np
import pytest

from rallypoint.safety.aggregation.parts import Context
from rallypoint.safety.aggregation.rules.caf import Caf
from rallypoint.safety.aggregation.rules.filter import Filter
from rallypoint.safety.aggregation.rules.que import Que

every_rule = pytest.mark.parametrize("rule", [Caf(), Filter(), Que()], ids=lambda rule: rule.name)


@pytest.mark.parametrize("rule", [Caf(), Filter(), Filter(scale=1), Que(), Que(scale=1)])
def test_liars_however_far_are_gone(rule, answer, rng):
    updates = rng.standard_normal((11, 4))
    updates[:3] = 1e30 * rng.standard_normal((3, 4))
    found = answer(rule, updates, 3)
    assert (updates[3:].min(axis=0) <= found).all()
    assert (found <= updates[3:].max(axis=0)).all()


@every_rule
def test_nothing_to_lose_makes_it_the_mean(rule, answer, rng):
    updates = rng.standard_normal((6, 3))
    assert np.allclose(answer(rule, updates, 0), updates.mean(axis=0))
    assert np.allclose(answer(rule, updates[:1], 0), updates[0])
    assert np.allclose(answer(rule, np.ones((5, 3)), 2), 1)


@every_rule
@pytest.mark.parametrize("n", [3, 5, 7])
def test_differences_at_the_smallest_numbers_there_are_divide_by_nothing(rule, n, answer, rng):
    updates = rng.standard_normal((n, 3))
    for size in np.geomspace(1e-164, 1e-158, 40):
        found = answer(rule, size * updates, 1)
        assert (np.abs(found) <= size * np.abs(updates).max()).all()


@every_rule
def test_equal_liars_are_gone_at_once_and_leave_nothing_behind(rule, span_of, rng):
    updates = rng.standard_normal((12, 5))
    updates[:3] = 20 / 3
    span = span_of(updates + 1e3)
    noise = 1e-13 * span.gram * rng.choice([-1, 1], (12, 12))
    exact = rule.weights(span_of(updates), 3, Context())
    found = rule.weights(replace(span, gram=span.gram + noise + noise.T), 3, Context())
    assert (exact[:3] == 0).all()
    assert (found[:3] == 0).all()
    assert np.allclose(found, exact, atol=1e-9)
