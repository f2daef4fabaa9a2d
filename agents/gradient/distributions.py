"""From what an actor puts out to actions, their log-probabilities, and the slopes of both.

Rows may have any leading axes: (…, K) outputs, (…,) log-probabilities. What an actor puts out is
``settled`` once, and all else is asked of that.
"""

import math
from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.gradient.architecture import Architecture, Parameters, shaped
from rallypoint.batch_env import Mask

Floats = NDArray[np.float32]

_LOG_2PI = math.log(2 * math.pi)
_NEVER = np.float32(-1e30)  # a logit of no probability at all, and a number times which 0 is 0


class Slopes(NamedTuple):
    """Derivatives of a weighted sum of log-probabilities and entropies."""

    outputs: Floats  # (…, n, b, K)
    log_std: Floats | None  # (…, n, K), by contributor; None where there are none


class Distribution(ABC):
    """What the outputs of an actor mean, under some parameters."""

    def settled(self, outputs: Floats) -> Floats:
        """Return outputs in the form that the other methods take, perhaps in place: (…, K)."""
        return outputs

    @abstractmethod
    def log_probabilities(self, outputs: Floats, actions: NDArray[Any]) -> Floats:
        """Return how likely actions are: (…, K), (…) or (…, K) -> (…)."""

    @abstractmethod
    def entropies(self, outputs: Floats) -> Floats:
        """Return how open the choice is: (…, K) -> (…)."""

    @abstractmethod
    def slopes(
        self, outputs: Floats, actions: NDArray[Any], by_log: Floats, by_entropy: Floats | float
    ) -> Slopes:
        """Follow derivatives by log-probability and by entropy, (…, n, b), back to the outputs."""

    @abstractmethod
    def choose(self, outputs: Floats, uniform: NDArray[np.float64] | None) -> NDArray[Any]:
        """Choose by numbers from [0, 1), (…, numbers), or the likeliest where there are none."""

    @property
    @abstractmethod
    def numbers(self) -> int:
        """How many uniform numbers a choice takes."""


class Categorical(Distribution):
    """One of K actions, by logits; settled, they are logarithms of probabilities.

    Forbidden actions have probability 0, whatever their logits are, and no slope by these.

    Source: Huang & Ontañón (2022), "A Closer Look at Invalid Action Masking in Policy Gradient
    Algorithms", FLAIRS, arXiv:2006.14171.
    """

    numbers = 1

    def __init__(self, allowed: Mask | None = None) -> None:
        """Choose among all actions, or among those that are allowed: (…, K), in each row some."""
        self._allowed = allowed

    def settled(self, outputs: Floats) -> Floats:
        """Take the logarithm of the summed exponentials off, in place."""
        if self._allowed is not None:
            outputs[~self._allowed] = _NEVER
        outputs -= _along(np.maximum, outputs)[..., None]
        outputs -= np.log(_along(np.add, np.exp(outputs)))[..., None]
        return outputs

    def log_probabilities(self, outputs: Floats, actions: NDArray[Any]) -> Floats:
        """Return how likely actions (…) are."""
        logs: Floats = outputs.reshape(-1)[_places(outputs, actions)]
        return logs

    def entropies(self, outputs: Floats) -> Floats:
        """Return the entropy of each choice."""
        entropies: Floats = -_along(np.add, np.exp(outputs) * outputs)
        return entropies

    def slopes(
        self, outputs: Floats, actions: NDArray[Any], by_log: Floats, by_entropy: Floats | float
    ) -> Slopes:
        """Follow derivatives back to the logits."""
        odds = np.exp(outputs)
        slopes = np.ascontiguousarray(odds * -by_log[..., None])  # written to through a flat view
        slopes.reshape(-1)[_places(outputs, actions)] += by_log
        if isinstance(by_entropy, np.ndarray) or by_entropy:
            entropies = -_along(np.add, odds * outputs)
            slopes -= np.asarray(by_entropy)[..., None] * odds * (outputs + entropies[..., None])
        if self._allowed is not None:  # a threat may have done what is forbidden
            slopes[~self._allowed] = 0
        return Slopes(slopes, None)

    def choose(self, outputs: Floats, uniform: NDArray[np.float64] | None) -> NDArray[Any]:
        """Choose an index: (…)."""
        if uniform is None:
            likeliest: NDArray[np.int64] = outputs.argmax(axis=-1)
            return likeliest
        sums = np.exp(outputs).cumsum(axis=-1)
        passed = (sums <= uniform * sums[..., -1:]).sum(axis=-1)
        chosen: NDArray[np.int64] = np.minimum(passed, outputs.shape[-1] - 1)
        return chosen


class Normal(Distribution):
    """A vector of K numbers, each from a normal distribution whose spread does not depend on it."""

    def __init__(self, log_std: Floats) -> None:
        """Spread the numbers so far, by the logarithms of their standard deviations (…, K)."""
        self._log_std = log_std
        self._std = np.exp(log_std)
        self._size: int = log_std.shape[-1]

    @property
    def numbers(self) -> int:
        """Two for each entry: one to choose by, as Box and Muller do, and the other its angle."""
        return 2 * self._size

    def log_probabilities(self, outputs: Floats, actions: NDArray[Any]) -> Floats:
        """Return how likely actions (…, K) are."""
        scaled = (actions - outputs) / self._std
        constant = self._log_std.sum(axis=-1) + 0.5 * self._size * _LOG_2PI
        logs: Floats = -0.5 * np.einsum("...k,...k->...", scaled, scaled) - constant
        return logs

    def entropies(self, outputs: Floats) -> Floats:
        """Return the entropy, which is the same everywhere."""
        entropy = self._log_std.sum(axis=-1) + 0.5 * self._size * (1 + _LOG_2PI)
        return np.broadcast_to(np.float32(entropy), outputs.shape[:-1])

    def slopes(
        self, outputs: Floats, actions: NDArray[Any], by_log: Floats, by_entropy: Floats | float
    ) -> Slopes:
        """Follow derivatives back to the means and to the logarithms of the spreads."""
        scaled = (actions - outputs) / self._std
        means = (scaled / self._std) * by_log[..., None]
        spreads = np.einsum("...b,...bk->...k", by_log, scaled * scaled - 1)
        spreads += np.broadcast_to(by_entropy, by_log.shape).sum(axis=-1)[..., None]
        return Slopes(means.astype(np.float32, copy=False), spreads)

    def choose(self, outputs: Floats, uniform: NDArray[np.float64] | None) -> NDArray[Any]:
        """Choose a vector: (…, K), not yet within the bounds of its space."""
        if uniform is None:
            return outputs
        first, second = np.split(uniform, 2, axis=-1)
        drawn = np.sqrt(-2 * np.log1p(-first)) * np.cos(2 * math.pi * second)
        chosen: Floats = outputs + (self._std * drawn).astype(np.float32)
        return chosen


def distribution(
    architecture: Architecture, parameters: Parameters, allowed: Mask | None = None
) -> Distribution:
    """Return what an architecture's outputs mean under these parameters.

    Args:
        architecture: of the actor.
        parameters: (…, d).
        allowed: (…, K) actions, where some are forbidden now; None: all are allowed.
    """
    if architecture.log_std is None:
        return Categorical(allowed)
    return Normal(shaped(parameters, architecture.log_std))


def _along(ufunc: np.ufunc, outputs: Floats) -> Floats:
    """Reduce the last axis, column by column: several times faster than reduce() where it is short.

    >>> _along(np.add, np.array([[1.0, 2.0, 4.0]]))
    array([7.])
    """
    found: Floats = outputs[..., 0].copy()
    for column in range(1, outputs.shape[-1]):
        ufunc(found, outputs[..., column], out=found)
    return found


def _places(outputs: Floats, actions: NDArray[Any]) -> NDArray[np.int64]:
    """Return where each row's action stands among all outputs laid flat: (…)."""
    size = outputs.shape[-1]
    firsts = np.arange(0, actions.size * size, size).reshape(actions.shape)
    places: NDArray[np.int64] = firsts + actions
    return places
