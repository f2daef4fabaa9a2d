"""Multi-Krum."""

from functools import partial

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig, TooManyByzantine
from rallypoint.safety.aggregation import aggregate, explain
from rallypoint.safety.aggregation.conformance import assert_is_aggregator
from rallypoint.safety.aggregation.rules.multi_krum import MultiKrum


def reference(updates, f, m=None):
    def score(i):
        others = np.delete(updates, i, axis=0)
        return sum(sorted(np.sum((others - updates[i]) ** 2, axis=1))[: len(updates) - f - 2])

    best = sorted(range(len(updates)), key=score)
    return np.mean(updates[best[: m or len(updates) - f - 2]], axis=0)


def test_it_agrees_with_the_definition():
    assert_is_aggregator("multi_krum", reference=reference)
    assert_is_aggregator(MultiKrum(m=2), reference=partial(reference, m=2))


def test_by_hand_on_a_line():
    updates = np.array([[0.0], [1], [2.5], [4], [100]])
    assert aggregate("multi_krum", updates, f=1).tolist() == [1.75]


def test_one_is_krum(rng):
    updates = rng.standard_normal((13, 40))
    ours, krum = (aggregate(name, updates, f=3) for name in ("multi_krum(m=1)", "krum"))
    assert ours.tobytes() == krum.tobytes()


def test_recorded_values():
    updates = np.random.default_rng(7).standard_normal((11, 4))
    updates[9:] += 3
    for m, expected in {
        7: [-0.529855, -0.453495, -0.212870, 0.069684],
        4: [-0.108516, -0.284722, -0.335921, -0.079039],
    }.items():
        assert np.allclose(aggregate("multi_krum", updates, f=2, m=m), expected, atol=1e-6)


def test_those_believed_weigh_alike(rng):
    told = explain("multi_krum", rng.standard_normal((12, 9)), f=3)
    assert len(told.believed) == 12 - 3 - 2
    assert np.allclose(told.weights[told.believed], 1 / 7)


def test_where_lies_could_be_among_the_believed_it_refuses():
    assert aggregate("multi_krum", np.eye(6), f=1, m=3).shape == (6,)
    with pytest.raises(TooManyByzantine, match=r"m = 3 is too many .* n = 5; take m <= 2"):
        aggregate("multi_krum", np.eye(5), f=1, m=3)
    with pytest.raises(InvalidConfig, match="m must be at least 1, got 0"):
        aggregate("multi_krum(m=0)", np.eye(5), f=1)
