"""From what a network puts out to actions, by numbers drawn from each copy's own stream."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtri

from rallypoint.batch_env import Array, Mask
from rallypoint.draws import Draws, Floats

# What networks put out, and how it is read: (outputs (E, n, K), space, numbers, masks) -> actions.
# Numbers are uniform in [0, 1); without them the likeliest action is taken, or the mean.
Reading = Callable[[Floats, Any, Floats | None, Mask | None], Array]

_LEAST = 2.0**-54  # below the least number above 0 that is drawn: keeps normal draws finite


def decide(
    kind: str, outputs: Array, space: Any, draws: Draws | None, masks: Mask | None = None
) -> Array:
    """Choose an action for every agent, greedily without draws: (E, n, K) -> (E, n, …)."""
    shape = (outputs.shape[1], *(() if kind in {"logits", "values"} else space.shape))
    numbers = None if draws is None or kind in _NEVER_RANDOM else draws.random(shape)
    actions: Array = READINGS[kind](outputs.astype(np.float64), space, numbers, masks)
    return actions.astype(space.dtype, copy=False)


def _logits(outputs: Floats, space: Any, numbers: Floats | None, masks: Mask | None) -> Array:
    return _pick(outputs, numbers, masks) + int(space.start)


def _several(outputs: Floats, space: Any, numbers: Floats | None, masks: Mask | None) -> Array:
    places = np.cumsum(space.nvec)[:-1]
    parts = np.split(outputs, places, axis=-1)
    allowed = [None] * len(parts) if masks is None else np.split(masks, places, axis=-1)
    picked = [
        _pick(part, None if numbers is None else numbers[..., i], allowed[i])
        for i, part in enumerate(parts)
    ]
    actions: Array = np.stack(picked, axis=-1) + space.start
    return actions


def _binary(outputs: Floats, space: Any, numbers: Floats | None, masks: Mask | None) -> Array:
    del masks
    flat = outputs.reshape(*outputs.shape[:2], *space.shape)
    return flat > 0 if numbers is None else numbers < expit(flat)


def _values(outputs: Floats, space: Any, numbers: Floats | None, masks: Mask | None) -> Array:
    del numbers
    return _pick(outputs, None, masks) + int(space.start)


def _normal(outputs: Floats, space: Any, numbers: Floats | None, masks: Mask | None) -> Array:
    del masks
    return np.clip(_drawn(outputs, space, numbers), space.low, space.high)


def _squashed(outputs: Floats, space: Any, numbers: Floats | None, masks: Mask | None) -> Array:
    del masks
    return _scaled(np.tanh(_drawn(outputs, space, numbers)), space, None, None)


def _scaled(outputs: Floats, space: Any, numbers: Floats | None, masks: Mask | None) -> Array:
    del numbers, masks
    share = 0.5 * (outputs.reshape(*outputs.shape[:2], *space.shape) + 1.0)
    actions: Array = np.clip(space.low + share * (space.high - space.low), space.low, space.high)
    return actions


def _clipped(outputs: Floats, space: Any, numbers: Floats | None, masks: Mask | None) -> Array:
    del numbers, masks
    return np.clip(outputs.reshape(*outputs.shape[:2], *space.shape), space.low, space.high)


def _drawn(outputs: Floats, space: Any, numbers: Floats | None) -> Floats:
    """Draw from normal distributions: means, then standard deviations, in the last axis."""
    mean, deviation = np.split(outputs, 2, axis=-1)
    shape = (*outputs.shape[:2], *space.shape)
    if numbers is None:
        return mean.reshape(shape)
    drawn: Floats = mean.reshape(shape) + deviation.reshape(shape) * ndtri(
        np.maximum(numbers, _LEAST)
    )
    return drawn


def _pick(logits: Floats, numbers: Floats | None, allowed: Mask | None) -> NDArray[np.int64]:
    if allowed is not None:
        # Who may do nothing at all is not there: any action does.
        blocked = ~allowed & allowed.any(axis=-1, keepdims=True)
        logits = np.where(blocked, -np.inf, logits)
    if numbers is None:
        best: NDArray[np.int64] = logits.argmax(axis=-1)
        return best
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    upto = weights.cumsum(axis=-1)
    picked: NDArray[np.int64] = (upto <= numbers[..., None] * upto[..., -1:]).sum(axis=-1)
    return picked


READINGS: dict[str, Reading] = {
    "logits": _logits,  # of a Discrete space
    "several": _several,  # logits of a MultiDiscrete space, one component after the other
    "binary": _binary,  # logits of a MultiBinary space
    "values": _values,  # of discrete actions: the best is taken
    "normal": _normal,  # means and standard deviations, clipped to the bounds
    "squashed": _squashed,  # the same, squashed into the bounds
    "scaled": _scaled,  # an action, with the bounds at -1 and 1
    "clipped": _clipped,  # an action
}
_NEVER_RANDOM = {"values", "scaled", "clipped"}
