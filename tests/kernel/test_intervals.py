"""What a bootstrap over few seeds is worth."""

import numpy as np
import pytest

from rallypoint.intervals import COVERAGE, bootstrap


@pytest.mark.parametrize("n", [3, 5, 9])
def test_few_seeds_cover_as_little_as_is_said(n):
    rng = np.random.default_rng(n)
    trials = 600  # an error of 0.018 at worst
    covered = 0
    for _ in range(trials):
        low, high = bootstrap(rng.standard_normal(n))
        covered += low <= 0 <= high
    assert covered / trials == pytest.approx(COVERAGE[n], abs=0.06)
