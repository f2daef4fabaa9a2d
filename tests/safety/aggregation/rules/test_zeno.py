"""Zeno, by scores on trusted data."""

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation.parts import Context
from rallypoint.safety.aggregation.rules.zeno import Zeno


def reference(updates, f, gains, rho):
    scores = gains - rho * np.sum(updates**2, axis=1)
    return updates[np.argsort(-scores, kind="stable")[: len(updates) - f]].mean(axis=0)


@pytest.mark.parametrize("rho", [0.0, 0.05, 10.0])
def test_it_is_the_mean_of_those_that_help_most(case, answer, rho):
    updates, f, rng = case
    gains = rng.standard_normal(len(updates))
    found = answer(Zeno(rho=rho), updates, f, Context(scores=gains), origin=np.zeros(4))
    assert np.allclose(found, reference(updates, f, gains, rho))


def test_by_hand(answer):
    updates = np.array([[1.0], [2], [-3], [10]])
    scores = np.array([0.5, 0.6, -1, 0.7])
    for rho, value in ((0.0, 13 / 3), (0.1, 0.0)):  # the longest gains 0.7 - 10 in the end
        found = answer(Zeno(rho=rho), updates, 1, Context(scores=scores), origin=np.zeros(1))
        assert found[0] == pytest.approx(value)


def test_one_honest_update_is_enough(answer):
    updates = np.vstack([np.ones((1, 3)), -50 * np.ones((9, 3))])
    scores = np.array([1.0] + [-9.0] * 9)
    found = answer(Zeno(), updates, 9, Context(scores=scores), origin=np.zeros(3))
    assert np.allclose(found, 1)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_not_finite_is_the_lowest(answer, value):
    updates = np.array([[1.0], [2], [4]])
    scores = np.array([0.0, value, -5.0])
    found = answer(Zeno(rho=0), updates, 1, Context(scores=scores), origin=np.zeros(1))
    assert np.allclose(found, [2.5])


def test_more_scores_out_of_range_than_lies_are_refused(answer):
    context = Context(scores=np.array([0.0, np.nan, np.nan]))
    with pytest.raises(InvalidConfig, match="2 updates have a score that is not finite, and f = 1"):
        answer(Zeno(), np.eye(3), 1, context, origin=np.zeros(3))


def test_scores_of_others_are_refused(answer):
    with pytest.raises(InvalidConfig, match="one score for each of 3 updates, got \\(4,\\)"):
        answer(Zeno(), np.eye(3), 1, Context(scores=np.zeros(4)), origin=np.zeros(3))


def test_a_negative_rho_is_refused():
    with pytest.raises(InvalidConfig, match="rho is a number >= 0"):
        Zeno(rho=-1)
