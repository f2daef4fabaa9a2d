"""Updates so short that float32 loses their squares are compared as all others are."""

import numpy as np
import pytest
import torch

from rallypoint.safety.aggregation import Context, aggregate, aggregators, faint
from rallypoint.safety.aggregation.conformance.scenes import fewest, scene
from rallypoint.safety.aggregation.conformance.subject import subjects_of
from rallypoint.safety.aggregation.faint import in_double_precision
from rallypoint.safety.aggregation.grams import compared
from rallypoint.safety.aggregation.kernels_torch import OnDevice
from rallypoint.safety.aggregation.opening import opened

CHAINS = ["nnm+krum", "nnm+trimmed_mean", "arc+geometric_median", "nnm+max_min_mix", "nnm+smea"]
# The others have values of a column at equal distances from a middle, which is single precision.
SUBJECTS = [
    one
    for name in [*aggregators, *CHAINS]
    for one in subjects_of(name)
    if name not in {"aksel", "bulyan_multi_krum"} and "scaling" not in one.lacks
]
SIZES = [-58, -66, -74, -100]  # powers of two, from 3e-18 to 8e-31


def short(seed, size, dtype=np.float32):
    """Return a scene of such numbers, at the bound of n or above it, about zero or not."""
    rng = np.random.default_rng(seed)

    def of(subject):
        f = seed % 3
        at = scene(fewest(subject.aggregator, f) + seed // 3 % 3, f, 1 + seed % 12, seed)
        if rng.random() < 0.5:
            at = at.moved(-np.median(at.updates, axis=0))
        at = at.scaled(2.0**size / np.abs(at.updates).max())
        return at._mapped(lambda points: points.astype(dtype).astype(np.float64))

    return of


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.aggregator.name)
def test_the_aggregate_is_that_of_double_precision(subject, size):
    for seed in range(12):
        at = short(seed, size)(subject)
        apart = subject(at, np.float32) - subject(at)
        assert np.abs(apart).max() <= 1e-6 * 2.0**size


def rows_of(rng, *, n=12, f=3, d=50, size=1e-25):
    """Return honest updates, and liars a thousand times as long first."""
    updates = rng.standard_normal((n, d)) * size
    updates[:f] *= 1000
    return updates.astype(np.float32)


@pytest.mark.parametrize(
    "name", ["krum", "multi_krum", "mda", "geometric_median", "caf", "cge", "monna", "aksel"]
)
@pytest.mark.parametrize("size", [1e-19, 1e-22, 1e-25, 1e-30, 1e-37])
def test_who_is_a_thousand_times_as_long_is_not_believed(name, size, rng):
    updates, context = rows_of(rng, size=size), Context(trusted=[5])
    for given in (
        updates,
        lambda: iter([updates[:, :20], updates[:, 20:]]),
        torch.from_numpy(updates),
    ):
        answer = np.asarray(aggregate(name, given, f=3, context=context), dtype=np.float64)
        assert np.linalg.norm(answer) < 3 * size * np.sqrt(50)


def test_nor_beside_a_long_one(rng):
    updates = rows_of(rng)
    updates[0] = 1.0
    answer = aggregate("krum", updates, f=3)
    assert np.abs(answer).max() < 1e-24


def test_an_anchor_is_seen_from_as_near(rng):
    updates = rows_of(rng)
    root = updates[3:].mean(axis=0)
    for name in ("fltrust", "expert_rank", "cge", "mean_of_directions"):
        context = Context(root=root, trusted=[4, 5, 6])
        exact = aggregate(name, updates.astype(np.float64), f=3, context=context)
        found = aggregate(name, updates, f=3, context=context)
        assert np.abs(found - exact).max() <= 1e-5 * np.abs(exact).max()


def test_on_a_device_it_is_the_same(rng):
    updates = rows_of(rng)
    gram = compared(OnDevice(torch.from_numpy(updates)), 3).gram
    assert gram.tobytes() == compared(opened(updates), 3).gram.tobytes()


def looked_at(updates, *, is_sure=False):
    points = opened(updates)
    return in_double_precision(points, points.gram(None), is_sure=is_sure)


def test_zeros_and_a_few_short_ones_are_left_in_single_precision(rng):
    updates = rng.standard_normal((9, 50)).astype(np.float32)
    updates[:6] = 0
    assert looked_at(updates) is None
    updates[0] = 1e-25
    assert looked_at(updates) is not None  # most are, and not all of these are one point
    updates[3:] = 1
    assert looked_at(updates) is None
    assert looked_at(updates, is_sure=True) is not None
    assert looked_at(updates.astype(np.float64), is_sure=True) is None


def test_of_zeros_no_product_is_taken_again(monkeypatch):
    monkeypatch.setattr(faint, "InDoublePrecision", None)
    assert looked_at(np.zeros((9, 50), dtype=np.float32)) is None
    assert not aggregate("krum", np.zeros((9, 50), np.float32), f=1).any()
