"""Flips beside brute force: one by one, all of them, and by what an exact test promises."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import binom

from rallypoint.safety.certificates.paired import (
    PairedPValues,
    energy_form,
    paired_p_values,
    shift_form,
)
from rallypoint.safety.certificates.rates import most_false_alarms
from rallypoint.safety.certificates.sign_flips import flip_codes, flipped_forms, p_value


def energy_distance(one, other):
    """Székely and Rizzo's definition, pair by pair."""

    def mean_distance(a, b):
        return np.mean([np.sqrt(np.sum((x - y) ** 2)) for x in a for y in b])

    return 2 * mean_distance(one, other) - mean_distance(one, one) - mean_distance(other, other)


def standardised(one, other):
    scale = np.concatenate([one, other]).std(axis=0)
    return one / scale, other / scale


def squared_mean_differences(one, other):
    differences = other - one
    return (differences.mean(axis=0) ** 2 / (differences**2).mean(axis=0)).sum() * len(one)


def two_samples(seed, n=6, k=3):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, k)), rng.normal(size=(n, k)) + rng.normal(size=k)


def every_swap(one, other):
    """Yield both samples for each way of swapping the members of pairs."""
    for swaps in product([False, True], repeat=len(one)):
        turned = np.array(swaps)[:, None]
        yield np.where(turned, other, one), np.where(turned, one, other)


@pytest.mark.parametrize("seed", range(5))
def test_few_pairs_are_enumerated_completely(seed):
    one, other = two_samples(seed)
    one, other = standardised(one, other)  # over both, so swapping leaves it alone
    found = paired_p_values(one, other, np.random.default_rng(0))
    for statistic, p in (
        (squared_mean_differences, found.means),
        (energy_distance, found.energy),
    ):
        observed = statistic(one, other)
        all_of_them = [statistic(*swapped) for swapped in every_swap(one, other)]
        assert p == np.mean(np.array(all_of_them) >= observed - 1e-9)


def test_the_forms_are_the_statistics():
    one, other = two_samples(0, n=30, k=4)
    assert shift_form(other - one).sum() == pytest.approx(squared_mean_differences(one, other))
    distance = energy_distance(*standardised(one, other))
    assert energy_form(one, other).sum() == pytest.approx(30**2 * distance)


def test_one_transform_gives_every_flip():
    """Flip w turns the pairs whose code shares an odd number of bits with it."""
    rng = np.random.default_rng(0)
    half = rng.normal(size=(40, 40))
    form = half + half.T
    codes = flip_codes(40, rng, bits=7)
    forms = flipped_forms(form, codes)
    assert len(forms) == 2 ** int(codes.max()).bit_length() == 128
    for flip in range(128):
        signs = np.array([(-1) ** (flip & code).bit_count() for code in codes.tolist()])
        assert forms[flip] == pytest.approx(signs @ form @ signs)


def test_codes_are_distinct_and_turn_every_pair():
    codes = flip_codes(300, np.random.default_rng(0))
    assert len(np.unique(codes)) == 300
    assert codes.min() >= 1
    assert codes.max() < 2**12
    assert flip_codes(12, np.random.default_rng(0)).tolist() == [2**i for i in range(12)]  # all
    crowded = flip_codes(50, np.random.default_rng(0), bits=4)
    assert crowded.min() >= 1
    assert crowded.max() < 2**4


def test_nothing_different_is_no_surprise():
    same = np.ones((150, 3))
    assert tuple(paired_p_values(same, same, np.random.default_rng(0))) == (1.0, 1.0)
    assert p_value(np.zeros((5, 5)), np.array([1, 2, 4, 8, 16])) == 1.0


def skewed_and_linked(rng, n, k):
    """Pairs that share much, are skewed and heavy-tailed, and may be swapped all the same."""
    together = rng.standard_t(2, size=(n, 1))
    return [together + rng.exponential(size=(n, k)) * (1 + together**2) for _ in range(2)]


@pytest.mark.parametrize("n", [20, 60])
def test_false_alarms_stay_at_the_level_for_skewed_and_linked_pairs(n):
    rng = np.random.default_rng(n)
    p = np.array(
        [paired_p_values(*skewed_and_linked(rng, n, 4), rng) for _ in range(1500)]
    )  # (1500, 2)
    for level in (0.01, 0.05, 0.25):
        rejected = (p <= level).sum(axis=0)
        assert rejected.max() <= most_false_alarms(1500, level)
        assert rejected.min() >= binom.ppf(0.001, 1500, level)  # nor is it timid
    combined = np.array([PairedPValues(*pair).combined for pair in p])
    np.testing.assert_array_equal(combined, np.minimum(1, 2 * p.min(axis=1)))
    assert (combined <= 0.05).sum() <= most_false_alarms(1500, 0.05)


def test_a_difference_in_spread_alone_is_found_by_the_energy_distance():
    rng = np.random.default_rng(0)
    p = np.array(
        [
            paired_p_values(rng.normal(size=(100, 3)), 2 * rng.normal(size=(100, 3)), rng)
            for _ in range(100)
        ]
    )
    assert (p[:, 1] <= 0.01).sum() >= 95
    assert (p[:, 0] <= 0.01).sum() <= most_false_alarms(100, 0.01) + 3  # flips know no spread
