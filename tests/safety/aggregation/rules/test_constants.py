"""The constant of a rule holds, whoever among the updates is honest."""

from itertools import combinations

import numpy as np
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


def test_how_far_honest_updates_may_spread_is_known_from_constants_and_for_krum_from_its_paper():
    limits = {(5, 1): 4.2426, (7, 1): 4.2426, (11, 2): 6.0332, (20, 6): 14.4222, (51, 24): 176.6522}
    for (n, f), eta in limits.items():
        assert Aggregator.parse("krum").largest_spread(n, f) == pytest.approx(1 / eta, rel=1e-5)
    for name in CONSTANTS:
        rule = Aggregator.parse(name)
        assert rule.largest_spread(11, 2) == pytest.approx(rule.robustness(11, 2) ** -0.5)
    for name in ("nnm+krum", "caf", "mean"):
        assert Aggregator.parse(name).largest_spread(11, 2) is None
    assert Aggregator.parse("trimmed_mean").largest_spread(5, 0) is None  # it is the mean


@pytest.mark.parametrize("n", [3, 4, 5, 8, 9, 20])
def test_liars_bring_about_what_median_and_trimmed_mean_declare(n):
    """The largest of the honest agree, and so do the others, and lies are larger than all."""
    for f in range(1, (n - 1) // 2 + 1):
        for name, agreeing in (("trimmed_mean", n - 2 * f), ("median", n - f - (n - 1) // 2)):
            rule = Aggregator.parse(name)
            updates = np.full((n, 1), 1e9)
            updates[: n - f] = 0.0
            updates[:agreeing] = 1.0
            honest = updates[: n - f]
            error = (rule(updates, f) - honest.mean()) ** 2
            assert error == pytest.approx(rule.robustness(n, f) * honest.var()), (name, f)
    assert Aggregator.parse("trimmed_mean").robustness(10, 3) == pytest.approx(3 / 4)  # the least
    assert Aggregator.parse("median").robustness(10, 3) == pytest.approx(4 / 3)


@pytest.mark.parametrize("n", [4, 6, 8, 10, 20])
def test_liars_bring_about_what_the_geometric_median_declares_for_even_n(n):
    """Half of all say one thing, f of them lying; the other half is not quite of one mind."""
    rule = Aggregator.parse("geometric_median")
    for f in range(1, n // 2):
        updates = np.zeros((n, 2))
        updates[: n // 2, 0] = 1.0
        updates[n // 2 :, 1] = 1e-3 * np.linspace(-1, 1, n // 2)
        honest = updates[f:]
        error = ((rule(updates, f) - honest.mean(axis=0)) ** 2).sum()
        variance = honest.var(axis=0).sum()
        assert error == pytest.approx(rule.robustness(n, f) * variance, rel=1e-4)


@pytest.mark.parametrize("share", [0.3, 0.7, 0.99])
@pytest.mark.parametrize("name", CONSTANTS)
def test_below_the_largest_spread_the_cosine_with_the_honest_mean_is_bounded(name, share, rng):
    n, f = 10, 3
    rule = Aggregator.parse(name)
    for _ in range(30):
        honest = rng.standard_normal((n - f, 2)) * 10 ** rng.uniform(-2, 1, (n - f, 1))
        honest -= honest.mean(axis=0)
        spread = np.sqrt(honest.var(axis=0).sum())
        angle = rng.uniform(0, 2 * np.pi)
        mean = (
            np.array([np.cos(angle), np.sin(angle)]) * spread / (share * rule.largest_spread(n, f))
        )
        honest += mean
        for lies in (
            rng.standard_normal((f, 2)) * 10 ** rng.uniform(-2, 3, (f, 1)),
            honest[rng.integers(n - f, size=f)],
            np.tile(-1e9 * mean, (f, 1)),
        ):
            found = rule(np.vstack([honest, lies]), f)
            cosine = found @ mean / np.linalg.norm(found) / np.linalg.norm(mean)
            assert cosine >= np.sqrt(1 - share**2) - 1e-9
