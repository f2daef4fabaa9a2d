"""Rates over seeds, with the exact intervals of textbooks."""

import numpy as np
import pytest
from scipy.stats import binom

from rallypoint.errors import InvalidConfig
from rallypoint.safety.certificates.rates import most_false_alarms, rate, rejection_rate


@pytest.mark.parametrize(("n", "upper"), [(20, 0.168), (40, 0.088), (50, 0.071), (100, 0.036)])
def test_none_of_n_is_clopper_and_pearsons_interval(n, upper):
    assert rate(0, n).interval == (0, pytest.approx(upper, abs=5e-4))
    assert rate(n, n).interval == (pytest.approx(1 - upper, abs=5e-4), 1)
    assert rate(0, n).interval[1] == pytest.approx(1 - 0.025 ** (1 / n))


def test_rejections_are_counted_at_the_level():
    found = rejection_rate(np.array([0.0, 0.01, 0.0100001, 1.0]), level=0.01)
    assert (found.hits, found.n, found.share) == (2, 4, 0.5)


@pytest.mark.parametrize(("n", "level"), [(40, 0.01), (400, 0.05)])
def test_a_test_of_its_level_stays_within_the_limit(n, level):
    limit = most_false_alarms(n, level)
    assert binom.cdf(limit, n, level) >= 0.999 > binom.cdf(limit - 1, n, level)


@pytest.mark.parametrize("p", [[], [1.1], [np.nan], [[0.5]]])
def test_what_is_no_p_value_is_refused(p):
    with pytest.raises(InvalidConfig, match=r"p-values lie in \[0, 1\]"):
        rejection_rate(p, level=0.01)


def test_more_than_all_is_refused():
    with pytest.raises(InvalidConfig, match="got 5 of 4"):
        rate(5, 4)


def test_levels_that_are_none_are_refused():
    for wrong in (0, 95, np.nan):
        with pytest.raises(InvalidConfig, match="probability of false alarm"):
            rejection_rate([0.5], level=wrong)
        with pytest.raises(InvalidConfig, match="interval's level lies in"):
            rejection_rate([0.5], level=0.01, confidence=wrong)
        with pytest.raises(InvalidConfig, match="interval's level lies in"):
            most_false_alarms(40, 0.01, confidence=wrong)
    with pytest.raises(InvalidConfig, match="n >= 1 tests, got 0"):
        most_false_alarms(0, 0.01)
