"""Drawn actions: which of them no lie changes, since the number they are drawn by stays the same.

Certifies one choice at a time: whatever is shown within a box, the action that is chosen by this
uniform number is the same. Actions stand in their order on [0, 1), each as wide as it is likely,
and the number says which. If all choices of all agents up to a step are certified, a world goes
the same way up to that step, whoever lies, and however much they know of the numbers.

The bounds are those of ``interval_bounds``, on odds instead of logits, with room for what rounding
does to a network that computes in the type of its weights.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.errors import InvalidConfig
from rallypoint.networks import Array, Layer
from rallypoint.safety.certificates.interval_bounds import (
    Interval,
    interval_bounds,
    rounding,
    unit_of,
)

_SLACK = 1e-5  # what is nearer to an edge is never certified
_MOST = 300.0  # a difference of logits beyond which exp would overflow, and odds are 0 anyway


def keeps_drawn_action(
    layers: Sequence[Layer], low: Array, high: Array, numbers: Array, chosen: Array
) -> NDArray[np.bool_]:
    """Tell where every observation in a box leads to the action that was chosen: (E,).

    The last layer's outputs are logits. False says only that it was not shown.

    Args:
        layers: of the network.
        low: (E, inputs), the least that can be shown.
        high: (E, inputs), the most.
        numbers: (E,) in [0, 1), by which actions were drawn.
        chosen: (E,) actions, from 0 on.

    Raises:
        InvalidConfig: the box is none or has no end, or an action is none of the network's.
    """
    shares, slack = _shares(layers, low, high)
    actions = len(layers[-1].biases)
    if ((chosen < 0) | (chosen >= actions)).any():
        raise InvalidConfig(f"actions are numbers in 0..{actions - 1}, as many as there are logits")
    rows = np.arange(len(chosen))
    begins, ends = shares.high[rows, chosen], shares.low[rows, chosen + 1]
    kept: NDArray[np.bool_] = (numbers >= np.where(chosen > 0, begins + slack, 0.0)) & (
        numbers < np.where(chosen < actions - 1, ends - slack, 1.0)
    )
    return kept


def _shares(layers: Sequence[Layer], low: Array, high: Array) -> tuple[Interval, NDArray[Any]]:
    """Bound how likely the first k actions are together, k from 0 to K: (E, K + 1).

    Besides, how far such a share may be from what it is, as a policy sums it up: (E,). It takes
    from each logit the logarithm of all odds, and adds up exponentials; each of these steps is off
    by a rounding of the largest number in it.
    """
    *hidden, end = layers
    box = Interval(np.asarray(low, np.float64), np.asarray(high, np.float64))
    inner = [box, *interval_bounds(hidden, *box)]
    below, above = inner[-1]
    off = rounding(layers, inner)  # (E, K) of the logits
    middle, reach = (below + above) / 2, (above - below) / 2
    weights, biases = end.weights.astype(np.float64), end.biases.astype(np.float64)
    apart = weights[:, None] - weights  # (K, K, N): logits of one less those of another
    least = np.einsum("ijn,en->eij", apart, middle) + biases[:, None] - biases
    least -= np.einsum("ijn,en->eij", np.abs(apart), reach)
    least -= off[:, :, None] + off[:, None]
    least = np.clip(least, -_MOST, _MOST)
    count = len(biases)
    largest = np.maximum(np.abs(below), np.abs(above)) @ np.abs(weights).T + np.abs(biases)
    slack = unit_of(end) * (8 * largest.max(axis=1) + 4 * count + 16)
    found = np.zeros((2, len(least), count + 1))
    found[..., count] = 1
    for place, logs in enumerate((-least.transpose(0, 2, 1), least)):  # at most, then at least
        for first in range(1, count):
            # Odds of the first so many: the sum of e^z over them, over the sum over the others.
            odds = (1 / np.exp(logs[:, first:, :first]).sum(axis=1)).sum(axis=1)
            found[place, :, first] = odds / (1 + odds)
    return Interval(*found), np.maximum(slack, _SLACK)
