"""What a bootstrap over few seeds is worth."""

import numpy as np
import pytest
from scipy import stats

from rallypoint.draws import stream
from rallypoint.intervals import COVERAGE, bootstrap


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("statistic", ["mean", "median"])
@pytest.mark.parametrize("n", [2, 3, 5, 20])
def test_an_interval_is_that_of_scipy(n, statistic, level, rng):
    for values in (rng.standard_normal(n), rng.integers(0, 3, n) + np.linspace(0, 1, n)):
        theirs = stats.bootstrap(
            (np.sort(values),),
            getattr(np, statistic),
            confidence_level=level,
            method="percentile",
            rng=stream(0, "claims/bootstrap"),
        ).confidence_interval
        ours = bootstrap(values, statistic=statistic, level=level)
        assert ours == pytest.approx(theirs, rel=1e-11)


@pytest.mark.parametrize("n", [3, 5, 9])
def test_few_seeds_cover_as_little_as_is_said(n):
    rng = np.random.default_rng(n)
    trials = 600  # an error of 0.018 at worst
    covered = 0
    for _ in range(trials):
        low, high = bootstrap(rng.standard_normal(n))
        covered += low <= 0 <= high
    assert covered / trials == pytest.approx(COVERAGE[n], abs=0.06)
