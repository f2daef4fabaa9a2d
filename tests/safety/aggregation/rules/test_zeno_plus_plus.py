"""Zeno++, by the server's own gradient."""

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation.rules.zeno_plus_plus import ZenoPlusPlus


def reference(updates, root, rate, rho, epsilon):
    u = updates * (np.linalg.norm(root) / np.linalg.norm(updates, axis=1))[:, None]
    accepted = rate * u @ root - rho * np.sum(u**2, axis=1) + rate * epsilon >= 0
    return u[accepted].mean(axis=0) if accepted.any() else np.zeros_like(root)


@pytest.mark.parametrize("rho", [0.0, 0.05, 0.09])
@pytest.mark.parametrize("epsilon", [0.0, 0.5])
def test_it_is_the_mean_of_the_accepted(case, answer, rho, epsilon):
    updates, f, rng = case
    rule = ZenoPlusPlus(rho=rho, epsilon=epsilon)
    for root in (rng.standard_normal(4), 0.1 * updates[0]):
        found = answer(rule, updates, f, origin=np.zeros(4), root=root)
        assert np.allclose(found, reference(updates, root, 0.1, rho, epsilon))


def test_it_accepts_by_the_cosine(answer):
    root = np.array([2.0, 0])
    for cosine, accepted in ((0.49, False), (0.51, True), (-1.0, False), (1.0, True)):
        update = 7 * np.array([cosine, np.sqrt(1 - cosine**2)])
        rule = ZenoPlusPlus(rate=0.1, rho=0.05)  # rho / rate = 0.5
        found = answer(rule, update[None], 0, origin=np.zeros(2), root=root)
        assert np.allclose(found, update * 2 / 7 if accepted else 0)


def test_where_nobody_agrees_no_step_is_taken(answer):
    found = answer(ZenoPlusPlus(), -np.ones((4, 2)), 1, origin=np.zeros(2), root=np.ones(2))
    assert not found.any()


def test_the_penalty_is_on_the_rescaled_update(answer):
    long = np.array([[1000.0, 0]])  # before rescaling the penalty would be 1e6 rho
    found = answer(ZenoPlusPlus(rho=0.05), long, 0, origin=np.zeros(2), root=np.array([1.0, 0]))
    assert np.allclose(found, [1, 0])


@pytest.mark.parametrize("settings", [{"rate": 0}, {"rho": -1}, {"epsilon": -0.1}])
def test_settings_that_cannot_be_meant_are_refused(settings):
    with pytest.raises(InvalidConfig, match=next(iter(settings))):
        ZenoPlusPlus(**settings)


def test_a_promise_of_just_nothing_is_accepted(answer):
    root = np.array([1.0, 0])
    found = answer(ZenoPlusPlus(rate=1, rho=1), root[None], 0, origin=np.zeros(2), root=root)
    assert found.tolist() == [1, 0]
