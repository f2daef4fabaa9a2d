"""FLTrust."""

import numpy as np

from rallypoint.safety.aggregation.rules.fltrust import FLTrust


def reference(updates, root):
    lengths = np.linalg.norm(updates, axis=1)
    trust = np.maximum(0, updates @ root / (lengths * np.linalg.norm(root)))
    rescaled = updates * (np.linalg.norm(root) / lengths)[:, None]
    return trust @ rescaled / trust.sum() if trust.any() else root


def test_it_weighs_by_cosine_and_rescales(case, answer):
    updates, f, rng = case
    for root in (rng.standard_normal(4), updates[0], 1e-3 * updates.mean(axis=0)):
        found = answer(FLTrust(), updates, f, origin=np.zeros(4), root=root)
        assert np.allclose(found, reference(updates, root))


def test_by_hand(answer):
    updates = np.array([[2.0, 0], [0, 5], [-3, 0], [1, 1]])  # trust 1, 0, 0, 0.7071
    found = answer(FLTrust(), updates, 1, origin=np.zeros(2), root=np.array([1.0, 0]))
    assert np.allclose(found, [0.8787, 0.2929], atol=5e-5)


def test_where_nobody_points_along_the_root_gradient_it_is_the_answer(answer):
    root = np.array([1.0, 2.0])
    for updates in (-np.ones((3, 2)), np.zeros((3, 2))):
        assert np.allclose(answer(FLTrust(), updates, 1, origin=np.zeros(2), root=root), root)


def test_a_root_gradient_of_zero_is_a_step_of_nothing(case, answer):
    updates, f, _ = case
    found = answer(FLTrust(), updates, f, origin=np.zeros(4), root=np.zeros(4))
    assert not found.any()


def test_the_answer_is_no_longer_than_the_root_gradient_whoever_lies(case, answer):
    updates, f, rng = case
    lied = updates.copy()
    lied[1:] = 1e30 * rng.standard_normal(lied[1:].shape)
    found = answer(FLTrust(), lied, f, origin=np.zeros(4), root=np.ones(4))
    assert np.linalg.norm(found) <= 2 * (1 + 1e-9)
