"""Krum."""

from functools import partial

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig, TooManyByzantine
from rallypoint.safety.aggregation import aggregate
from rallypoint.safety.aggregation.conformance import assert_is_aggregator
from rallypoint.safety.aggregation.rules.krum import Krum


def reference(updates, f, less=2):
    def score(i):
        others = np.delete(updates, i, axis=0)
        return sum(sorted(np.sum((others - updates[i]) ** 2, axis=1))[: len(updates) - f - less])

    return updates[min(range(len(updates)), key=score)]


def test_it_agrees_with_the_definition():
    assert_is_aggregator("krum", reference=reference)
    assert_is_aggregator(Krum(variant="nf"), reference=partial(reference, less=1))


def test_by_hand_on_a_line():
    # Of n = 5 and f = 1 it counts two neighbours: 7.25, 3.25, 4.5, 11.25 and 18722.25. Counting
    # three, the one at 2.5 would win.
    updates = np.array([[0.0], [1], [2.5], [4], [100]])
    assert aggregate("krum", updates, f=1).tolist() == [1]
    assert aggregate("krum", updates, f=1, variant="nf").tolist() == [2.5]


def test_distances_are_squared():
    # Sums of plain distances are least at (0, 2).
    updates = np.array([[5.0, 10], [9, 7], [5, 6], [0, 1], [0, 2]])
    assert aggregate("krum", updates, f=1).tolist() == [5, 6]


def test_the_answer_is_an_update_bit_for_bit(rng):
    for dtype in (np.float16, np.float32, np.float64):
        updates = (1000 + rng.standard_normal((12, 5000))).astype(dtype)
        answer = aggregate("krum", updates, f=3)
        assert any(answer.tobytes() == row.tobytes() for row in updates)


def test_recorded_values_of_both_variants():
    # Public implementations count n - f - 2 or n - f - 1 neighbours; here they differ.
    updates = np.random.default_rng(7).standard_normal((11, 4))
    updates[9:] += 3
    assert np.array_equal(aggregate("krum", updates, f=2), updates[2])
    assert np.array_equal(aggregate("krum", updates, f=2, variant="nf"), updates[7])


def test_of_equal_scores_the_first_wins():
    updates = np.array([[1.0], [0], [2], [3], [-1]])
    assert aggregate("krum", updates, f=1).tolist() == [1]


@pytest.mark.parametrize("n", [4, 6, 8])
def test_below_its_bound_it_refuses(n):
    f = (n - 2) // 2
    with pytest.raises(TooManyByzantine, match=rf"n >= 2 f \+ 3 .* f = {f} .* n = {n}; take f <="):
        aggregate("krum", np.eye(n), f=f)


def test_an_unknown_variant_is_refused():
    with pytest.raises(InvalidConfig, match="variant"):
        aggregate("krum", np.eye(5), f=1, variant="paperr")
