"""An aggregate and its explanation from one comparison: as each alone, and nothing left behind."""

import gc

import numpy as np
import pytest

from rallypoint.safety.aggregation import Aggregator, aggregators
from rallypoint.safety.aggregation.conformance.scenes import scenes
from rallypoint.safety.aggregation.conformance.subject import subjects_of

CHAINS = ("nnm+trimmed_mean", "bucketing(size=2)+median", "per_layer+bucketing(size=2)+median")


@pytest.mark.parametrize("is_broken", [False, True])
@pytest.mark.parametrize("name", [*aggregators, *CHAINS])
def test_both_are_what_each_is_alone(name, is_broken):
    aggregator = subjects_of(name)[0].aggregator
    for at in scenes(aggregator, 3, 2):
        updates = at.updates.copy()
        if is_broken and at.f:
            updates[np.setdiff1d(np.arange(len(updates)), at.honest)[0]] = np.inf
        alone = aggregator(updates, at.f, context=at.context())
        told = aggregator.explain(updates, at.f, context=at.context())
        answer, told_with_it = aggregator.aggregate_and_explain(updates, at.f, context=at.context())
        np.testing.assert_array_equal(answer, alone)
        for field in ("weights", "believed", "dropped", "left_out"):
            np.testing.assert_array_equal(getattr(told_with_it, field), getattr(told, field))
        assert told_with_it.anchors == told.anchors


@pytest.mark.parametrize("name", ["krum", "dnc", "nnm+median"])
def test_nothing_waits_for_the_cycle_collector(name):
    """What is compared is large, and every round would leave some of it behind."""
    aggregator = Aggregator.parse(name)
    at = next(scenes(aggregator, 0, 1))
    aggregator.aggregate_and_explain(at.updates, at.f, context=at.context())
    gc.collect()
    gc.disable()
    try:
        aggregator.aggregate_and_explain(at.updates, at.f, context=at.context())
        assert gc.collect() == 0
    finally:
        gc.enable()
