"""Nearest-neighbour mixing."""

import numpy as np
import pytest

from rallypoint.safety.aggregation import Aggregator, explain
from rallypoint.safety.aggregation.conformance import assert_is_aggregator
from rallypoint.safety.aggregation.rules.nnm import NearestNeighbourMixing


def reference(updates, f):
    nearest = [np.argsort(np.linalg.norm(updates - x, axis=1))[: len(updates) - f] for x in updates]
    return np.array([updates[near].mean(axis=0) for near in nearest])


def test_it_agrees_with_the_definition(case, answer):
    updates, f, _ = case
    assert np.allclose(answer(NearestNeighbourMixing(), updates, f), reference(updates, f))


def test_by_hand_on_a_line(answer):
    updates = np.array([[1.0], [2], [3], [4], [100]])
    mixed = answer(NearestNeighbourMixing(), updates, 1)
    assert np.allclose(mixed[:, 0], [2.5, 2.5, 2.5, 2.5, 27.25])


def test_each_is_among_its_own_neighbours(answer):
    updates = np.zeros((6, 2))
    told = explain("nnm+krum", updates, f=1).mixing
    assert (np.diagonal(told) == 1 / 5).all()


def test_a_chain_with_it_keeps_the_contract():
    for rule in ("krum", "trimmed_mean", "geometric_median"):
        assert_is_aggregator(f"nnm+{rule}")


def test_the_constant_of_a_rule_after_it():
    chain = Aggregator.parse("nnm+median")
    # 8 f / (n - f) (1 + 1), more than the bare 1
    assert chain.robustness(7, 1) == pytest.approx(8 / 6 * (1 + 1))
    assert chain.robustness(7, 1) > Aggregator.parse("median").robustness(7, 1)
    assert chain.robustness(100, 5) < Aggregator.parse("median").robustness(100, 5)
    assert Aggregator.parse("nnm+krum").robustness(7, 1) is None
