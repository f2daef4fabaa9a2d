"""The weighted covariance of updates, as their Gram matrix knows it."""

import numpy as np
import pytest

from rallypoint.safety.aggregation.covariance import lowered, spectrum, widest


def in_full(updates, shares):
    """Return eigenvalues of the covariance, ascending, and squared offsets along its directions."""
    offsets = updates - shares @ updates
    values, vectors = np.linalg.eigh((offsets.T * shares) @ offsets)
    return values, (offsets @ vectors) ** 2


@pytest.mark.parametrize(("n", "d"), [(2, 1), (6, 3), (9, 30)])
def test_it_is_the_covariance_of_the_updates(n, d, span_of, rng):
    updates, shares = rng.standard_normal((n, d)), rng.dirichlet(np.ones(n))
    values, offsets = in_full(updates, shares)
    found, along = spectrum(span_of(updates), shares)
    both = min(n - 1, d)
    assert np.allclose(found[-both:], values[-both:])
    assert np.allclose(along[:, -both:], offsets[:, -both:])
    value, top = widest(span_of(updates), shares)
    assert value == pytest.approx(values[-1])
    assert np.allclose(top, offsets[:, -1])


def test_an_update_without_a_share_counts_for_nothing(span_of, rng):
    updates, shares = rng.standard_normal((6, 3)), np.array([0.2, 0, 0.3, 0.1, 0, 0.4])
    some = shares > 0
    updates[~some] = 1e30
    value, top = widest(span_of(updates), shares)
    values, offsets = in_full(updates[some], shares[some])
    assert value == pytest.approx(values[-1])
    assert np.allclose(top[some], offsets[:, -1])
    assert not top[~some].any()


def test_many_updates_take_another_way_to_the_same_answer(span_of, rng):
    updates = rng.standard_normal((600, 100))
    shares = rng.dirichlet(np.ones(600))
    values, offsets = in_full(updates, shares)
    value, top = widest(span_of(updates), shares)
    assert value == pytest.approx(values[-1])
    assert np.allclose(top, offsets[:, -1])
    assert widest(span_of(np.ones((600, 3))), np.full(600, 1 / 600))[0] == 0


def test_equal_scores_lose_equally_up_to_rounding():
    scores = np.array([1.0, 4, 4 * (1 - 1e-12), 2, 0])
    credit = np.array([1.0, 1, 0.5, 0.5, 1])
    assert lowered(credit, scores).tolist() == [0.75, 0, 0, 0.25, 1]
