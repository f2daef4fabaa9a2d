"""Bucketing."""

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation.parts import Context
from rallypoint.safety.aggregation.rules.bucketing import Bucketing


def reference(updates, size, rng):
    order = rng.permutation(len(updates))
    buckets = [order[i : i + size] for i in range(0, len(updates), size)]
    return np.array([updates[bucket].mean(axis=0) for bucket in buckets])


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_it_takes_means_of_shuffled_buckets(case, answer, size):
    updates, f, _ = case
    found = answer(Bucketing(size=size), updates, f, Context(rng=np.random.default_rng(4)))
    assert np.allclose(found, reference(updates, size, np.random.default_rng(4)))
    assert len(found) == -(-len(updates) // size)


def test_each_update_is_in_one_bucket_and_all_are_alike_in_the_long_run(span_of):
    span, rng = span_of(np.eye(5)), np.random.default_rng(0)
    together = np.zeros((5, 5))
    for _ in range(2000):
        mixing = Bucketing().mix(span, 1, Context(rng=rng))
        assert (np.count_nonzero(mixing, axis=0) == 1).all()
        together += (mixing > 0).T @ (mixing > 0)
    odds = together[~np.eye(5, dtype=bool)] / 2000  # of 10 pairs, 2 are in a bucket
    assert odds == pytest.approx(0.2, abs=0.05)


def test_a_bucket_of_nobody_is_refused():
    with pytest.raises(InvalidConfig, match="size of a bucket is a whole number >= 1, got 0"):
        Bucketing(size=0)
