"""What a part of an aggregation makes of updates."""

import numpy as np
import pytest

from rallypoint.safety.aggregation.parts import Context, Mixing


@pytest.fixture
def answer(span_of):
    """Return a function that gives a span rule's vector (d,), or a mixing's updates (n', d)."""

    def of(part, updates, f=1, context=None, **anchors):
        span = span_of(updates, **anchors)
        kept = span.gram.copy()
        asked = part.mix if isinstance(part, Mixing) else part.weights
        weights = asked(span, f, context or Context())
        assert span.gram.tobytes() == kept.tobytes(), "a part does not write to what it is given"
        assert np.allclose(weights.sum(axis=-1), 1)
        return weights @ np.vstack([updates, *anchors.values()])

    return of


@pytest.fixture(
    params=[(5, 1), (7, 2), (11, 5), (12, 3)], ids=lambda case: f"n{case[0]}-f{case[1]}"
)
def case(request):
    """Return updates (n, 4) far from the origin, an f, and a generator for more."""
    n, f = request.param
    rng = np.random.default_rng(n)
    updates = rng.standard_normal((n, 4)) + rng.standard_normal(4)
    updates[rng.permutation(n)[:f]] *= 5
    return updates, f, rng
