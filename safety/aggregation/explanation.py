"""Who was believed, and how much."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from rallypoint.safety.aggregation.span import Matrix, Weights
from rallypoint.safety.aggregation.updates import Indices


@dataclass(frozen=True, eq=False, kw_only=True)
class Explanation:
    """What an aggregate was made of.

    The aggregate is the sum of the updates times their ``weights``, and of the anchors times
    theirs. A coordinate rule weighs the updates anew in each coordinate: then ``weights`` are
    their mean shares, and ``is_exact`` is false.
    """

    weights: Weights  # (n,), of the updates
    anchors: dict[str, float] = field(default_factory=dict)  # the rest, by name
    is_exact: bool  # whether they reproduce the aggregate
    believed: Indices  # updates of any weight
    dropped: Indices  # updates of no weight, those left out among them
    left_out: Indices  # updates that are not finite, or too far off to be compared
    mixing: Matrix | None = None  # (n', n), what the last rule was given, if parts before it mixed
    layers: tuple["Explanation", ...] = ()  # of a chain per_layer, whose weights are their mean


def mean_of_layers(layers: Sequence[Explanation]) -> Explanation:
    """Return the explanation of an aggregate that was made layer by layer."""
    weights = np.mean([layer.weights for layer in layers], axis=0)
    return Explanation(
        weights=weights,
        anchors={
            name: float(np.mean([layer.anchors[name] for layer in layers]))
            for name in layers[0].anchors
        },
        is_exact=False,
        believed=np.flatnonzero(weights),
        dropped=np.flatnonzero(weights == 0),
        left_out=np.unique(np.concatenate([layer.left_out for layer in layers])),
        layers=tuple(layers),
    )
