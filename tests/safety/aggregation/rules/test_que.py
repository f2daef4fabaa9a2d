"""QUE."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.linalg import expm

from rallypoint.errors import InvalidConfig, TooManyByzantine
from rallypoint.safety.aggregation import aggregate
from rallypoint.safety.aggregation.parts import Context
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


def test_liars_however_far_are_gone(answer, rng):
    updates = rng.standard_normal((11, 4))
    updates[:3] = 1e30 * rng.standard_normal((3, 4))
    for rule in (Que(), Que(scale=1)):
        found = answer(rule, updates, 3)
        assert (updates[3:].min(axis=0) <= found).all()
        assert (found <= updates[3:].max(axis=0)).all()


def test_nothing_to_lose_makes_it_the_mean(answer, rng):
    updates = rng.standard_normal((6, 3))
    assert np.allclose(answer(Que(), updates, 0), updates.mean(axis=0))
    assert np.allclose(answer(Que(), updates[:1], 0), updates[0])
    assert np.allclose(answer(Que(), np.ones((5, 3)), 2), 1)


def test_equal_liars_are_gone_at_once_and_leave_nothing_behind(span_of, rng):
    updates = rng.standard_normal((12, 5))
    updates[:3] = 20 / 3
    span = span_of(updates + 1e3)
    noise = 1e-13 * span.gram * rng.choice([-1, 1], (12, 12))
    exact = Que().weights(span_of(updates), 3, Context())
    found = Que().weights(replace(span, gram=span.gram + noise + noise.T), 3, Context())
    assert (exact[:3] == 0).all()
    assert (found[:3] == 0).all()
    assert np.allclose(found, exact, atol=1e-9)


def test_a_shared_mean_costs_no_digits():
    for seed in range(10):
        rng = np.random.default_rng(seed)
        updates = (1000 + 0.1 * rng.standard_normal((11, 300))).astype(np.float32)
        updates[-1] = 1e6
        found = aggregate("que", updates, f=3, scale=0.1)
        exact = aggregate("que", updates.astype(np.float64), f=3, scale=0.1)
        assert np.abs(found - exact).max() <= 2e-4
        assert np.abs(exact - 1000).max() < 1


@pytest.mark.parametrize("alpha", [-1, float("inf"), float("nan")])
def test_an_alpha_that_cannot_be_meant_is_refused(alpha):
    with pytest.raises(InvalidConfig, match="alpha must be a number of at least 0"):
        Que(alpha=alpha)


def test_too_large_an_f_is_refused(rng):
    aggregate("que", rng.standard_normal((5, 3)), f=2)
    with pytest.raises(TooManyByzantine, match=r"n >= 2 ?f \+ 1"):
        aggregate("que", rng.standard_normal((4, 3)), f=2)
