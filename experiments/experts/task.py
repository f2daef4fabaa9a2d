"""What is learned: a logistic regression, on batches that contributors draw for themselves."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from rallypoint.draws import Floats, stream
from rallypoint.experiments.experts.config import ExpertsConfig

_TESTS = 2000  # samples with right labels


class Batches(NamedTuple):
    """What contributors learn from in a round; the last row is the server's own."""

    inputs: Floats  # (n + 1, batch, d)
    labels: NDArray[np.bool_]  # (n + 1, batch)

    def gradients(self, parameters: Floats) -> Floats:
        """Return everybody's gradient of the logistic loss: (n + 1, d)."""
        wrong = expit(self.inputs @ parameters) - self.labels  # (n + 1, batch)
        gradients: Floats = np.einsum("nb,nbd->nd", wrong, self.inputs) / wrong.shape[1]
        return gradients

    def swapped(self, rows: slice) -> "Batches":
        """Return the batches of a world in which some learn that right is wrong."""
        labels = self.labels.copy()
        labels[rows] = ~labels[rows]
        return Batches(self.inputs, labels)


class Task:
    """A linear boundary in d dimensions, drawn for a seed."""

    def __init__(self, config: ExpertsConfig, seed: int) -> None:
        """Draw the boundary and the test."""
        rng = stream(seed, "experts/task")
        self._config, self._seed = config, seed
        self._boundary = rng.standard_normal(config.features)
        self._tests = rng.standard_normal((_TESTS, config.features))
        self._answers = self._tests @ self._boundary > 0

    def batches(self, round_number: int) -> Batches:
        """Draw what everybody sees in a round."""
        config = self._config
        rng = stream(self._seed, "experts/batches", round_number)
        shape = (config.contributors + 1, config.batch)
        inputs = rng.standard_normal((*shape, config.features))
        is_wrong = rng.random(shape) < config.noise
        return Batches(inputs, (inputs @ self._boundary > 0) ^ is_wrong)

    def accuracy(self, parameters: Floats) -> float:
        """Return the share of tests answered rightly; who knows nothing gets half."""
        found = self._tests @ parameters
        return float(((found > 0) == self._answers).mean()) if found.any() else 0.5
