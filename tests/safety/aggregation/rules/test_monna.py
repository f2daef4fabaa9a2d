"""MoNNA."""

import numpy as np

from rallypoint.safety.aggregation.parts import Context
from rallypoint.safety.aggregation.rules.monna import MoNNA


def reference(updates, f, trusted):
    away = np.linalg.norm(updates - updates[trusted].mean(axis=0), axis=1)
    return updates[np.argsort(away, kind="stable")[: len(updates) - f]].mean(axis=0)


def test_it_is_the_mean_of_the_trusted_ones_neighbours(case, answer):
    updates, f, rng = case
    for trusted in ([0], [len(updates) - 1], rng.permutation(len(updates))[:2].tolist()):
        found = answer(MoNNA(), updates, f, Context(trusted=trusted))
        assert np.allclose(found, reference(updates, f, trusted))


def test_by_hand(answer):
    updates = np.array([[0.0], [1], [3], [100]])
    assert np.allclose(answer(MoNNA(), updates, 1, Context(trusted=[1])), [4 / 3])
    assert np.allclose(answer(MoNNA(), updates, 2, Context(trusted=[1])), [0.5])


def test_a_trusted_liar_leads_astray(answer):
    updates = np.array([[0.0], [1], [3], [100], [101]])
    assert np.allclose(answer(MoNNA(), updates, 3, Context(trusted=[3])), [100.5])
