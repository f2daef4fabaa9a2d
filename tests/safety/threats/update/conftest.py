"""Honest updates to lie about, and a generator for the liars."""

import numpy as np
import pytest


@pytest.fixture(params=[np.float64, np.float32], ids=["float64", "float32"])
def honest(request):
    """Return honest updates (9, 12) that differ, about a mean that is not zero."""
    rng = np.random.default_rng(5)
    scale = rng.uniform(0.2, 2, 12)
    return (rng.standard_normal(12) + scale * rng.standard_normal((9, 12))).astype(request.param)


@pytest.fixture
def counted():
    """Return a function that counts how often an aggregator is asked, in its ``asked``."""

    def counting(aggregator):
        def ask(updates):
            ask.asked += 1
            return aggregator(updates)

        ask.asked = 0
        return ask

    return counting
