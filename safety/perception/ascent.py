"""Finding a lie by climbing: steps along the gradient of an objective, within reach."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from rallypoint.batch_env import Array
from rallypoint.config import Config
from rallypoint.draws import Draws, Floats
from rallypoint.policies import Differentiable, Objective
from rallypoint.safety.perception.geometry import uniform_lies
from rallypoint.safety.perception.ledger import Measure


@dataclass(frozen=True, kw_only=True)
class Climb(Config):
    """How an objective is climbed.

    Source: projected gradient steps, Madry, Makelov, Schmidt, Tsipras & Vladu (2018), "Towards
    Deep Learning Models Resistant to Adversarial Attacks", ICLR, arXiv:1706.06083.
    """

    steps: int  # one is the fast gradient sign method
    rate: float  # length of a step, as a share of how far a lie may go
    scatter: float  # where it starts: uniformly within this share of how far a lie may go

    def lies(
        self,
        network: Differentiable,
        objective: Objective,
        truths: Array,
        *,
        rooms: Floats,
        measure: Measure,
        draws: Draws,
    ) -> Array:
        """Return lies (E, n, …) for truths, each as large as its room (E, n) at most.

        They are as exact as steps in the type of the truths are; ``Room.confined`` makes them fit.
        """
        reach, space = measure.reach, measure.group.observation_space
        tops: Any = np.minimum(rooms, _widest(space))  # a room without end is as good as the space
        lies = truths.copy()
        if self.scatter:
            entries = int(np.prod(truths.shape[2:], dtype=np.int64))
            numbers = draws.random((truths.shape[1], entries + 1))
            near = self.scatter * tops
            lies = uniform_lies(
                truths, near, units=measure.units, norm=reach.norm, numbers=numbers
            ).astype(truths.dtype)
        ball = _Ball(truths, tops, measure)
        for _ in range(self.steps):
            _, gradient = network.value_and_gradient({measure.group.name: lies}, objective)
            lies = ball.moved(lies, gradient[measure.group.name], self.rate)
        return lies


class _Ball:
    """The lies within reach, for steps from one to another."""

    def __init__(self, truths: Array, rooms: Floats, measure: Measure) -> None:
        kind = truths.dtype
        space: Any = measure.group.observation_space
        self._truths = truths
        self._is_box = measure.reach.norm == "linf"
        self._units = np.asarray(measure.units, dtype=kind)
        self._rooms = rooms.reshape(*rooms.shape, *(1,) * (truths.ndim - 2)).astype(kind)
        self._low, self._high = space.low, space.high
        far = self._rooms * self._units
        if self._is_box:
            self._low = np.maximum(truths - far, space.low)
            self._high = np.minimum(truths + far, space.high)
            self._far = far

    def moved(self, lies: Array, gradient: Array, rate: float) -> Array:
        """Take one step uphill and come back into the ball, in place."""
        if self._is_box:
            step = np.sign(gradient)
            step *= self._far
            step *= rate
            lies += step
        else:
            scaled = gradient * self._units
            scaled *= rate * self._rooms / np.maximum(_lengths(scaled), 1e-30)
            lies += scaled * self._units
            self._pull_back(lies)
        # As ufuncs: np.clip checks more than steps in a small network take.
        np.maximum(lies, self._low, out=lies)
        np.minimum(lies, self._high, out=lies)
        return lies

    def _pull_back(self, lies: Array) -> None:
        offsets = np.divide(
            lies - self._truths,
            self._units,
            out=np.zeros_like(lies),
            where=np.broadcast_to(self._units > 0, lies.shape),
        )
        lengths = _lengths(offsets)
        offsets *= np.minimum(1, self._rooms / np.maximum(lengths, 1e-30))
        np.add(self._truths, offsets * self._units, out=lies)


def _lengths(offsets: Array) -> Array:
    axes = tuple(range(2, offsets.ndim))
    lengths: Array = np.sqrt((offsets * offsets).sum(axis=axes, keepdims=True))
    return lengths


def _widest(space: Any) -> float:
    """Return the greatest distance between two points of a bounded space; else a large number."""
    widths = space.high.astype(np.float64) - space.low
    return float(np.sqrt((widths * widths).sum())) if np.isfinite(widths).all() else 1e6
