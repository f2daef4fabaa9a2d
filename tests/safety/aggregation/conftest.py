"""Updates as parts of an aggregation see them."""

import numpy as np
import pytest

from rallypoint.safety.aggregation.span import Span


def _span_of(updates, **anchors) -> Span:
    """Return the span of updates (n, d) and of points beside them, each (d,) under its name."""
    updates = np.asarray(updates, dtype=np.float64)
    points = np.vstack([updates, *anchors.values()])
    offsets = points - updates[np.abs(updates - np.median(updates, axis=0)).sum(axis=1).argmin()]

    def sampled(rng: np.random.Generator, columns: int) -> Span:
        width = updates.shape[1]
        drawn = rng.choice(width, min(columns, width), replace=False)
        return _span_of(updates[:, drawn], **{k: v[drawn] for k, v in anchors.items()})

    n = len(updates)
    places = {name: slice(n + i, n + i + 1) for i, name in enumerate(anchors)}
    return Span(offsets @ offsets.T, n, places, sampled)


@pytest.fixture
def span_of():
    """Return the function that makes spans."""
    return _span_of
