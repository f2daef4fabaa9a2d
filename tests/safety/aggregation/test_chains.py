"""A rule behind a mixing is that rule, on what the mixing makes of the updates."""

import numpy as np
import pytest

from rallypoint.safety.aggregation import Aggregator, Context, aggregate, aggregators
from rallypoint.safety.aggregation.conformance.scenes import fewest
from rallypoint.safety.aggregation.parts import Mixing
from rallypoint.safety.aggregation.rules.per_layer import PerLayer

RULES = [name for name in aggregators if not issubclass(aggregators[name], Mixing | PerLayer)]


def scene(rule, rng):
    """Return updates, those with the longest shortened, the chain that does it, and a context."""
    n = fewest(Aggregator.parse(f"clipping+{rule}"), 3) + 2
    updates = 0.5 + rng.standard_normal((n, 5))
    updates[3] *= 4
    lengths = np.linalg.norm(updates, axis=1)
    norm = np.sort(lengths)[-2:].mean()  # so that one is shortened: two would be as long
    shortened = updates * np.minimum(1, norm / lengths)[:, None]
    given = {"trusted": [0, 1], "root": np.ones(5), "previous": np.ones(5), "scores": np.arange(n)}
    return updates, shortened, f"clipping(norm={norm})+{rule}", given


@pytest.mark.parametrize("rule", [name for name in RULES if name != "aksel"])
def test_behind_a_mixing_with_an_anchor_it_is_the_rule_on_mixed_updates(rule, rng):
    updates, shortened, chain, given = scene(rule, rng)
    drawn = [Context(rng=np.random.default_rng(0), **given) for _ in range(2)]
    found = aggregate(chain, updates, f=3, context=drawn[0])
    assert np.allclose(found, aggregate(rule, shortened, f=3, context=drawn[1]), atol=1e-7)


def test_the_median_of_aksel_is_that_of_updates_as_they_came_in(rng):
    updates, shortened, chain, _ = scene("aksel", rng)
    away = np.linalg.norm(shortened - np.median(updates, axis=0), axis=1)
    nearest = away.argsort()[: -(-len(updates) // 2)]
    assert np.allclose(aggregate(chain, updates, f=3), shortened[nearest].mean(axis=0))
