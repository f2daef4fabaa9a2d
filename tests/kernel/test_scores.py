"""Scores over seeds, against their definitions."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import trim_mean

from rallypoint import scores


@pytest.mark.parametrize("n", [1, 3, 4, 5, 8, 20, 21])
def test_it_is_the_mean_of_the_middle_half_of_any_axis(n, rng):
    values = rng.standard_normal((3, n))
    assert np.allclose(scores.iqm(values), trim_mean(values, 0.25, axis=-1))
    assert np.allclose(scores.iqm(values, axis=0), trim_mean(values, 0.25, axis=0))


def test_an_interval_holds_the_truth_nearly_as_often_as_it_says(rng):
    held = 0
    for sample in rng.standard_normal((300, 20)):
        low, high = scores.score(sample).interval
        held += low <= 0 <= high
    assert 0.88 <= held / 300 <= 0.98  # with 20 values: 0.93, and two standard errors are 0.03


def test_many_points_at_once_are_the_points_one_by_one(rng):
    strata = [rng.standard_normal((seeds, 7)) for seeds in (5, 3)]
    found = scores.band(strata)
    for point in range(7):
        one = scores.over_strata([values[:, point] for values in strata])
        assert found.measured[point] == pytest.approx(one.measured, rel=1e-5)
        assert (found.low[point], found.high[point]) == pytest.approx(one.interval, rel=1e-5)


def test_one_stratum_is_as_wide_as_the_same_seeds_alone(rng):
    values = rng.standard_normal(20)
    alone, stratum = scores.score(values), scores.over_strata([values])
    assert stratum.measured == alone.measured
    assert np.ptp(stratum.interval) == pytest.approx(np.ptp(alone.interval), rel=0.1)


def test_so_many_points_that_they_are_drawn_in_pieces_are_no_different(rng, monkeypatch):
    values = rng.standard_normal((4, 30))
    whole = scores.band([values], resamples=200)
    monkeypatch.setattr(scores, "_MOST_NUMBERS", 3000)
    for one, other in zip(whole, scores.band([values], resamples=200), strict=True):
        np.testing.assert_array_equal(one, other)


def test_seeds_are_drawn_within_their_stratum():
    found = scores.band([np.full((6, 2), 500.0), np.full((3, 2), 200.0)])
    np.testing.assert_array_equal(found.low, found.high)  # drawn together it would be anything


def test_a_profile_is_the_share_of_runs_above(rng):
    strata = [rng.integers(0, 5, seeds).astype(float) for seeds in (6, 3)]
    thresholds = [-1.0, 0.0, 2.0, 4.0]
    found = scores.profile(strata, thresholds)
    for place, tau in enumerate(thresholds):
        shares = [sum(value > tau for value in values) / len(values) for values in strata]
        assert found.measured[place] == pytest.approx(sum(shares) / 2)
        assert found.low[place] <= found.measured[place] <= found.high[place]
    assert (found.low[0], found.high[0]) == (1.0, 1.0)  # all lie above
    assert (found.low[-1], found.high[-1]) == (0.0, 0.0)
    assert (np.diff(found.measured) <= 0).all()


def test_the_interval_of_a_profile_is_that_of_a_share(rng):
    ones = np.repeat([0.0, 1.0], [60, 40])
    found = scores.profile([ones], [0.5])
    wide = 1.96 * np.sqrt(0.4 * 0.6 / 100)
    assert (found.low[0], found.high[0]) == pytest.approx((0.4 - wide, 0.4 + wide), abs=0.02)


def test_improvement_is_the_share_of_pairs_of_as_many_runs_as_there_are(rng):
    ours = [rng.integers(0, 4, size).astype(float) for size in (5, 2)]  # with equals
    theirs = [rng.integers(0, 4, size).astype(float) for size in (3, 4)]
    shares = [
        np.mean([(a > b) + (a == b) / 2 for a, b in product(x, y)])
        for x, y in zip(ours, theirs, strict=True)
    ]
    found = scores.improvement(ours, theirs)
    assert found.measured == pytest.approx(np.mean(shares), abs=1e-6)
    assert found.n == 2
    back = scores.improvement(theirs, ours)
    assert back.measured == pytest.approx(1 - found.measured, abs=1e-5)
    assert scores.improvement([values + 9 for values in ours], ours).interval == (1.0, 1.0)


def test_two_channels_draw_apart_and_one_draws_the_same(rng):
    values = rng.standard_normal(8)
    assert scores.score(values) == scores.score(values)
    assert scores.score(values).interval != scores.score(values, channel="other").interval
