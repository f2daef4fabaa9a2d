"""A network of a group: what it puts out for what is seen, and the way back."""

from typing import Any

import numpy as np
from gymnasium.spaces import Discrete

from rallypoint.agents.gradient.architecture import Parameters
from rallypoint.agents.gradient.perceptron import TOGETHER, Floats, Layers, Perceptron
from rallypoint.batch_env import Array, Group, Observations
from rallypoint.errors import InvalidConfig
from rallypoint.policies import Objective


class Followed:
    """One network of an architecture, asked about observations of a group.

    Runs may be asked side by side, parameters (R, d): the copies are then R equal blocks.
    """

    def __init__(
        self, layers: Layers, activation: str, parameters: Parameters, group: Group
    ) -> None:
        """Ask the network of these layers within some parameters, (d,) or (R, d)."""
        self._network = Perceptron(layers, activation)
        self._parameters = parameters
        self._group = group

    @property
    def runs(self) -> int:
        """R, how many blocks of copies have parameters of their own."""
        return 1 if self._parameters.ndim == 1 else len(self._parameters)

    def outputs(self, observations: Observations) -> Array:
        """Return what the network puts out: (E, n, K), a new array."""
        return self.outputs_of(flattened(self._group, observations[self._group.name]))

    def outputs_of(self, seen: Floats) -> Floats:
        """Return what it puts out for what is flattened: (E, n, inputs) -> (E, n, K)."""
        outputs = self._network.forward(self._parameters, self._padded(seen))
        return self._unpadded(outputs, seen)

    def signals(self, observations: Observations) -> list[Array]:
        """Return what every layer sends, the outputs last: (E, n, N) each, new arrays."""
        seen = flattened(self._group, observations[self._group.name])
        outputs = self._network.forward(self._parameters, self._padded(seen))
        hidden = self._network.signals[1:]
        return [self._unpadded(made, seen) for made in (*hidden, outputs)]

    def value_and_gradient(
        self, observations: Observations, objective: Objective
    ) -> tuple[Array, Observations]:
        """Follow an objective of the outputs back to what was seen.

        Raises:
            InvalidConfig: what is seen is not made of real numbers.
        """
        shown = observations[self._group.name]
        if shown.dtype.kind != "f":
            raise InvalidConfig(
                f"what group {self._group.name!r} sees is {shown.dtype}, and there is a gradient "
                "with respect to real numbers only"
            )
        values, slopes = objective(self.outputs(observations))
        gradient = self._network.follow(self._padded(slopes))
        found = self._unpadded(gradient, slopes).reshape(shown.shape)
        return values, {self._group.name: found}

    def _padded(self, rows: Array) -> Floats:
        """Cut (E, n, K) into chunks, zeros filling the last: (R, chunks, TOGETHER, K)."""
        runs = self.runs
        count = rows.shape[0] * rows.shape[1] // runs
        num_chunks = -(-count // TOGETHER)
        padded = np.zeros((runs, num_chunks * TOGETHER, rows.shape[2]), dtype=np.float32)
        padded[:, :count] = rows.reshape(runs, count, rows.shape[2])
        chunks = padded.reshape(runs, num_chunks, TOGETHER, rows.shape[2])
        return chunks[0] if self._parameters.ndim == 1 else chunks

    def _unpadded(self, chunks: Floats, like: Array) -> Floats:
        runs = self.runs
        size = chunks.shape[-1]
        count = like.shape[0] * like.shape[1] // runs
        rows = chunks.reshape(runs, -1, size)[:, :count]
        unpadded: Floats = rows.reshape(*like.shape[:2], size).copy()
        return unpadded


def flattened(group: Group, seen: Array) -> Floats:
    """Return what a group sees as a network takes it: (…, inputs) numbers."""
    space: Any = group.observation_space
    if isinstance(space, Discrete):  # one of a few: as many numbers, one of them 1
        one_hot: Floats = np.eye(int(space.n), dtype=np.float32)[seen - int(space.start)]
        return one_hot
    flat: Floats = seen.reshape(*seen.shape[: seen.ndim - len(space.shape)], -1)
    return flat.astype(np.float32, copy=False)
