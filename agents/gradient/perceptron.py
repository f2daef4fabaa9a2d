"""Multi-layer perceptrons forwards and backwards, for all contributors at once, in plain NumPy.

Rows are (n, b, K): b of each of n contributors, who share the parameters (d,). Runs may be computed
side by side, each with parameters of its own: (R, d) with rows (R, n, b, K). Each contributor's
products are its own, so its numbers are the same bits whoever else is computed beside it. Buffers
are kept from call to call; what a call returns is good until the next one.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.gradient.architecture import Parameters, Piece, shaped

# So many rows are multiplied together, weights first, where a row must bring the same bits wherever
# it stands: they are the lanes of one vector then, all summed alike. Of a larger product, BLAS sums
# some rows in another order than others.
TOGETHER = 16

Floats = NDArray[np.float32]
Layers = Sequence[tuple[Piece, Piece]]  # weights (outputs, inputs) and biases (outputs,)


class Perceptron:
    """One network within a vector of parameters."""

    def __init__(self, layers: Layers, activation: str) -> None:
        """Compute the layers with an activation between any two."""
        self._layers = layers
        self._activation = activation
        self._kept: dict[tuple[str, int], Floats] = {}
        # Of each layer, in the last call: what went in, and by which weights.
        self._inputs: list[Floats] = []
        self._weights: list[Floats] = []

    def forward(self, parameters: Parameters, rows: Floats) -> Floats:
        """Return what the network puts out: (…, n, b, inputs) -> (…, n, b, outputs)."""
        self._inputs = [rows]
        self._weights = [shaped(parameters, weights) for weights, _ in self._layers]
        for index, (_, biases) in enumerate(self._layers):
            rows = self._inputs[-1]
            made = self._product("made", index, rows, self._weights[index])
            made += shaped(parameters, biases)
            if index == len(self._layers) - 1:
                return np.ascontiguousarray(made)  # callers write into it through other shapes
            self._activate(made)
            self._inputs.append(made)
        return rows  # no layers: not reached, since every network has an end

    def backward(self, slopes: Floats, into: Floats) -> None:
        """Write the gradient of the last forward call, contributor by contributor.

        Args:
            slopes: (…, n, b, outputs) derivatives by what was put out.
            into: (…, n, d) where the gradient is written, at the places of this network.
        """
        for index in range(len(self._layers) - 1, -1, -1):
            weights, biases = self._layers[index]
            rows = self._inputs[index]
            found = into[..., weights.at].reshape(*into.shape[:-1], *weights.shape)  # a view
            np.matmul(slopes.swapaxes(-1, -2), rows, out=found)
            # A product with ones: the same as a sum over the rows, and several times faster.
            into[..., biases.at] = np.matmul(_ones(slopes.shape[-2]), slopes)[..., 0, :]
            if index:
                slopes = self._before("slopes", index, slopes)

    def follow(self, slopes: Floats) -> Floats:
        """Return the derivatives by the rows of the last forward call: (…, n, b, inputs).

        The slopes are derivatives by what was put out, (…, n, b, outputs).
        """
        for index in range(len(self._layers) - 1, -1, -1):
            slopes = self._before("followed", index, slopes)
        return slopes

    @property
    def signals(self) -> Sequence[Floats]:
        """What went into each layer in the last call, the rows first; good until the next."""
        return self._inputs

    def _before(self, name: str, index: int, slopes: Floats) -> Floats:
        """Follow derivatives by a layer's outputs back to what the layer before it computed."""
        rows = self._inputs[index]
        before = self._room(name, index, rows.shape)
        # Of one output each product is a sum of one term: BLAS takes four times as long for it.
        times = np.multiply if slopes.shape[-1] == 1 else np.matmul
        times(slopes, self._weights[index], out=before)
        if index:
            self._slope(before, rows)
        return before

    def _product(self, name: str, index: int, rows: Floats, weights: Floats) -> Floats:
        """Return rows (…, b, inputs) times weights (…, outputs, inputs): (…, b, outputs)."""
        *outer, count, _ = rows.shape
        if count == TOGETHER:
            flipped = self._room(f"{name}/flipped", index, (*outer, weights.shape[-2], count))
            np.matmul(weights, rows.swapaxes(-1, -2), out=flipped)
            return flipped.swapaxes(-1, -2)
        made = self._room(name, index, (*outer, count, weights.shape[-2]))
        np.matmul(rows, weights.swapaxes(-1, -2), out=made)
        return made

    def _activate(self, made: Floats) -> None:
        if self._activation == "tanh":
            np.tanh(made, out=made)
        else:
            np.maximum(made, 0, out=made)

    def _slope(self, slopes: Floats, rows: Floats) -> None:
        """Multiply by the activation's derivative, which what it gave tells."""
        if self._activation == "tanh":
            inner = self._room("inner", 0, rows.shape)
            np.multiply(rows, rows, out=inner)
            np.subtract(1, inner, out=inner)
            slopes *= inner
        else:
            slopes *= rows > 0

    def _room(self, name: str, index: int, shape: tuple[int, ...]) -> Floats:
        kept = self._kept.get((name, index))
        if kept is None or kept.shape != shape:
            kept = self._kept[name, index] = np.empty(shape, dtype=np.float32)
        return kept


@lru_cache(maxsize=16)  # rows come in a few numbers, again and again
def _ones(count: int) -> Floats:
    ones = np.ones((1, count), dtype=np.float32)
    ones.flags.writeable = False
    return ones
