"""Batches of unequal sizes, some of which lie about it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rallypoint.draws import stream
from rallypoint.errors import InvalidConfig, InvalidUpdates
from rallypoint.safety.aggregation.batch_mean import RobustBatchMean


def reference(means, counts, alpha, radii):
    """Return the value by trying every interval's lower end, in every coordinate."""
    cut = sorted(counts, reverse=True)[2 * int(alpha * len(counts) + 1e-9)]
    weights, value = np.minimum(counts, cut), []
    for column in means.T:
        low, high = column - radii, column + radii
        covered = [(low <= point) & (point <= high) for point in low]
        most = max(weights[members].sum() for members in covered)
        _, members = min(
            (point, tuple(members))
            for point, members in zip(low, covered, strict=True)
            if weights[members].sum() == most
        )
        value.append(np.average(column[list(members)], weights=weights[list(members)]))
    return np.array(value)


@given(seed=st.integers(0, 10**6), n=st.integers(1, 12), d=st.integers(1, 4))
def test_it_agrees_with_brute_force(seed, n, d):
    rng = stream(seed, "batches")
    means, counts = 0.2 * rng.standard_normal((n, d)), rng.integers(1, 1000, n)
    for alpha in (0, 0.1, 0.3):
        ours = RobustBatchMean(means, counts, alpha)
        assert np.allclose(ours.value, reference(means, counts, alpha, ours.radii))


def test_without_liars_it_is_the_mean_of_all_samples():
    means = np.array([[0.4], [0.5], [0.45]])
    found = RobustBatchMean(means, [100, 100, 100], alpha=0)
    assert np.allclose(found.value, 0.45)
    assert found.members.all()


@given(seed=st.integers(0, 10**6), claim=st.integers(1, 10**12))
def test_a_liar_above_the_cut_gains_nothing_by_claiming_more(seed, claim):
    rng = stream(seed, "inflation")
    means, counts = rng.random((10, 3)), rng.integers(50, 500, 10)
    liar = int(counts.argmax())
    before = RobustBatchMean(means, counts, alpha=0.2)
    counts[liar] += claim
    after = RobustBatchMean(means, counts, alpha=0.2)
    assert np.array_equal(after.clipped, before.clipped)
    assert after.value.tobytes() == before.value.tobytes()


@pytest.mark.parametrize(
    "counts",
    [np.full(20, 10**18), np.full(20, 2**64 - 1, np.uint64), [2**63 - 1] * 19 + [10**30]],
)
def test_no_count_is_too_large(counts):
    found = RobustBatchMean(np.full((20, 3), 0.5), counts, alpha=0.2)
    assert (found.value == 0.5).all()
    assert found.members.all()


def test_liars_never_weigh_more_than_the_honest(rng):
    for _ in range(200):
        counts = rng.integers(1, 10**6, 11)
        found = RobustBatchMean(np.zeros((11, 1)), counts, alpha=3 / 11)
        heaviest = np.sort(found.clipped)[-3:]
        assert heaviest.sum() < found.clipped.sum() - heaviest.sum()


def test_the_plain_weighted_mean_is_lost_where_it_is_not(rng):
    counts = np.array([*rng.integers(500, 1000, 8), 10**9, 10**9])
    means = 0.3 + 0.5 * rng.standard_normal((10, 5)) / np.sqrt(np.minimum(counts, 1000))[:, None]
    means[8:] = 5
    assert np.average(means, axis=0, weights=counts).min() > 4.9
    found = RobustBatchMean(means, counts, alpha=0.2)
    assert np.abs(found.value - 0.3).max() < 0.05
    assert not found.members[8:].any()


def test_unequal_sizes_count_as_far_as_they_are_believed():
    means, counts = np.array([[0.0], [0.0], [0.1], [0.1]]), [10, 10, 30, 50]
    assert np.allclose(RobustBatchMean(means, counts, alpha=0).value, [0.08])
    # One of four may lie: counts above the third largest are clipped to it.
    assert RobustBatchMean(means, counts, alpha=0.25).clipped.tolist() == [10, 10, 10, 10]


def test_order_and_place_do_not_matter(rng):
    means, counts = rng.standard_normal((9, 4)), rng.integers(1, 99, 9)
    value = RobustBatchMean(means, counts, 0.2).value
    order = rng.permutation(9)
    assert np.allclose(RobustBatchMean(means[order], counts[order], 0.2).value, value)
    assert np.allclose(RobustBatchMean(means + 7, counts, 0.2).value, value + 7)


def test_what_is_not_finite_is_not_believed():
    means = np.array([[0.1], [np.nan], [0.2], [0.1], [0.15]])
    found = RobustBatchMean(means, [5, 9, 5, 5, 5], alpha=0.2)
    assert not found.members[1].any()
    assert np.allclose(found.value, 0.1375)
    with pytest.raises(InvalidUpdates, match=r"at most 0 batches may be non-finite, and \[1\]"):
        RobustBatchMean(means, [5, 9, 5, 5, 5], alpha=0.1)


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"counts": [1, 2]}, InvalidUpdates),
        ({"counts": [1, 0, 2]}, InvalidUpdates),
        ({"counts": [1.0, 2.0, 2.0]}, InvalidUpdates),
        ({"means": np.zeros(3)}, InvalidUpdates),
        ({"alpha": 0.5}, InvalidConfig),
        ({"alpha": -0.1}, InvalidConfig),
        ({"spread": 0.0}, InvalidConfig),
        ({"failure": 1.0}, InvalidConfig),
    ],
)
def test_what_cannot_be_meant_is_refused(settings, error):
    with pytest.raises(error):
        RobustBatchMean(**{"means": np.zeros((3, 2)), "counts": [1, 2, 3], "alpha": 0.1} | settings)


def test_inputs_are_not_written_to(rng):
    means, counts = rng.random((5, 3)), rng.integers(1, 9, 5)
    kept = means.copy(), counts.copy()
    _ = RobustBatchMean(means, counts, 0.2).value
    assert np.array_equal(means, kept[0])
    assert np.array_equal(counts, kept[1])
