"""Points as their inner products know them."""

from functools import partial

import numpy as np
import pytest

from rallypoint.safety.aggregation.grams import compared
from rallypoint.safety.aggregation.span import Span
from rallypoint.safety.aggregation.updates import InMemory


@pytest.mark.parametrize("anchors", [(), ("origin",)])
def test_the_nearest_to_an_update_are_updates(anchors, rng):
    updates = rng.standard_normal((6, 50))
    zeros = {name: lambda _, width, __: np.zeros(width) for name in anchors}
    _, gram, squared, ordered = compared(InMemory(updates), 1, zeros)
    span = Span(gram, 6, {name: slice(6, 7) for name in anchors}, partial, squared, ordered)
    exact = np.square(updates[:, None] - updates).sum(axis=2)
    assert np.allclose(span.nearest, np.sort(exact, axis=1))
    assert np.allclose(Span(gram, 6, span.anchors, partial).nearest, span.nearest)


def test_distances_from_a_combination_are_those_about_it(span_of, rng):
    span, weights = span_of(rng.standard_normal((6, 4)), root=np.ones(4)), rng.dirichlet(np.ones(7))
    assert np.allclose(span.squared_from(weights), np.diagonal(span.about(weights)))
    assert np.allclose(span.squared_from(np.eye(7)[6]), span.squared[6])
