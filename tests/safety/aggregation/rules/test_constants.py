"""The constant of a rule holds, whoever among the updates is honest."""

from itertools import combinations

import pytest

from rallypoint.safety.aggregation import aggregators
from rallypoint.safety.aggregation.aggregator import Aggregator

CONSTANTS = [
    *("geometric_median", "krum(variant='nf')", "mda", "median", "smea", "trimmed_mean"),
    *("nnm+geometric_median", "nnm+krum(variant='nf')", "nnm+median", "nnm+trimmed_mean"),
]


def test_no_rule_that_has_one_is_left_out():
    for name in set(aggregators) - set(CONSTANTS):
        assert aggregators[name]().robustness(11, 2) is None, name


@pytest.mark.parametrize("name", CONSTANTS)
@pytest.mark.parametrize(("n", "f"), [(5, 1), (7, 2), (7, 3), (9, 2), (9, 3)])
def test_it_holds(name, n, f, rng):
    rule = Aggregator.parse(name)
    n = max(n, *(part.least(f) for part in rule.parts))  # Krum asks for more
    kappa = rule.robustness(n, f)
    for _ in range(50):
        updates = rng.standard_normal((n, 2)) * 10 ** rng.uniform(-1, 1, (n, 1))
        found = rule(updates, f)
        for honest in combinations(range(n), n - f):
            mean = updates[list(honest)].mean(axis=0)
            variance = ((updates[list(honest)] - mean) ** 2).sum() / (n - f)
            assert ((found - mean) ** 2).sum() <= kappa * variance * (1 + 1e-9)
