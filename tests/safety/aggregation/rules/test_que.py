"""QUE."""

import numpy as np
import pytest
from scipy.linalg import expm

from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation import explain
from rallypoint.safety.aggregation.rules.que import Que


def scores(updates, left, alpha, scale):
    """Return the entropy scores of a covariance in full, up to a factor, and its eigenvalue."""
    offsets = updates - left @ updates / left.sum()
    wide = np.cov(updates.T, aweights=left, ddof=0) / (scale or 1) ** 2
    top = np.linalg.eigvalsh(wide)[-1]
    excess = top if scale is None else top - 1
    heated = expm(alpha * (wide - top * np.eye(len(wide))) / excess if excess > 0 else 0 * wide)
    return np.einsum("ij,jk,ik->i", offsets, heated, offsets) * (left > 0), top


def reference(updates, f, alpha=4.0, scale=None, factor=9.0):
    left = np.ones(len(updates))
    while True:
        scored, top = scores(updates, left, alpha, scale)
        less = left * (1 - scored / scored.max())
        is_narrow = scale is not None and top <= factor
        if is_narrow or less.sum() < len(updates) - 2 * f:
            return left @ updates / left.sum()
        left = less


def test_it_is_the_mean_of_what_is_left(case, answer):
    updates, f, _ = case
    for alpha in (0.0, 1.0, 4.0, 20.0):
        found = answer(Que(alpha=alpha), updates, f)
        assert np.allclose(found, reference(updates, f, alpha))
        for scale in (0.2, 0.5, 1.0):
            found = answer(Que(alpha=alpha, scale=scale), updates, f)
            assert np.allclose(found, reference(updates, f, alpha, scale))


CROSS = np.array([[3.0, 0], [-3, 0], [0, 1], [0, -1]])  # covariance diag(4.5, 0.5)
EVEN = np.full(4, 0.25)


@pytest.mark.parametrize(
    ("settings", "share"),
    [
        ({"alpha": 0}, 0.5),
        ({"alpha": 4, "scale": 1}, 8.908 / 9),
        ({"alpha": 100, "scale": 1}, 1),
        ({"alpha": 4}, 8.750 / 9),
    ],
)
def test_by_hand(settings, share, span_of):
    # Divided by its trace, Q would be diag(share, 1 - share): scores 9 share and 1 - share.
    top, found = Que(**settings).scores(span_of(CROSS), EVEN)
    assert top == pytest.approx(4.5)
    assert found[:2] == pytest.approx([9, 9])  # the widest direction counts in full
    assert found[2:] == pytest.approx([(1 - share) / share] * 2, abs=2e-4)


@pytest.mark.parametrize("scale", [2.2, 3.0])
def test_no_wider_than_the_scale_they_count_by_their_norms(scale, span_of):
    _, found = Que(scale=scale).scores(span_of(CROSS), EVEN)
    assert found == pytest.approx([9, 9, 1, 1])


def test_several_bad_directions_are_seen_at_once(span_of, rng):
    # Five pairs of liars, each far in a direction of its own, one a little less than the other.
    liars = np.diag([50.0, 47, 44, 41, 38, 0, 0, 0])[:5]
    updates = np.vstack([liars, -liars, rng.standard_normal((40, 8))])
    even = np.full(50, 0.02)
    _, widest = Que(alpha=1e6).scores(span_of(updates), even)
    _, several = Que(alpha=4).scores(span_of(updates), even)
    others = [1, 2, 3, 4, 6, 7, 8, 9]
    assert widest[others].max() < widest[10:].max()  # in the widest direction they seem honest
    assert several[others].min() > several[10:].max()


def test_a_covariance_that_is_mere_rounding_ends_it(span_of):
    # With the third gone, two equal updates are left, and LAPACK's least numbers between them.
    updates = np.array([[1e-154, 0, 0], [0, 1e-154, 0], [0, 0, 2e-154]])
    top, found = Que().scores(span_of(updates), np.array([0.5, 0.5, 0]))
    assert 0 < top < 1e-307
    assert found == pytest.approx([top, top, 0], rel=1e-6)


@pytest.mark.parametrize("alpha", [-1, float("inf"), float("nan")])
def test_an_alpha_that_cannot_be_meant_is_refused(alpha):
    with pytest.raises(InvalidConfig, match="alpha must be a number of at least 0"):
        Que(alpha=alpha)


def test_just_twice_f_of_weight_may_be_lost():
    told = explain("que", np.array([[-10.0], [0], [0], [0], [10]]), f=1)
    assert np.allclose(told.weights, [0, 1 / 3, 1 / 3, 1 / 3, 0])
