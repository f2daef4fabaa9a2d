"""The mean."""

import numpy as np

from rallypoint.safety.aggregation import aggregate
from rallypoint.safety.aggregation.aggregator import Aggregator
from rallypoint.safety.aggregation.conformance import assert_is_aggregator


def reference(updates, f):
    return sum(updates) / len(updates)


def test_it_agrees_with_the_definition():
    assert_is_aggregator("mean", reference=reference)


def test_one_update_moves_it_anywhere(rng):
    updates = rng.standard_normal((9, 4))
    wanted = np.array([1e6, -3, 0, 7])
    updates[3] = 9 * wanted - np.delete(updates, 3, axis=0).sum(axis=0)
    assert np.allclose(aggregate("mean", updates, f=1), wanted)


def test_it_is_no_defence_yet_drops_what_is_no_number(rng):
    updates = rng.standard_normal((9, 5000)).astype(np.float32)
    updates[4, 4500] = np.nan
    rest = np.delete(updates, 4, axis=0)
    assert np.allclose(aggregate("mean", updates, f=1), rest.mean(axis=0), atol=1e-6)


def test_it_compares_nothing(monkeypatch, rng):
    from rallypoint.safety.aggregation import kernels

    monkeypatch.delattr(kernels, "gram")
    assert aggregate("mean", rng.standard_normal((5, 9)), f=1).shape == (9,)


def test_only_without_liars_is_it_robust():
    mean = Aggregator.parse("mean")
    assert mean.robustness(10, 0) == 0
    assert mean.robustness(10, 1) is None
