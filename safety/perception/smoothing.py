"""A network under several draws of noise at once, and what makes its average choice unlikely."""

from typing import Any

import numpy as np

from rallypoint.batch_env import Array, Observations
from rallypoint.errors import InvalidConfig
from rallypoint.policies import Objective
from rallypoint.safety.perception.objectives import CHOICES, log_softmax


class Smoothed:
    """A network that sees every observation under the same m draws of noise.

    What it puts out is (E, n, m K): the outputs under one draw after those under another.
    """

    def __init__(self, network: Any, noise: Array) -> None:
        """Add noise (E, n, m, …) to what a network sees, last of all and never clipped.

        Raises:
            InvalidConfig: the network does not choose one action of a few.
        """
        self.reads: str = network.reads
        if self.reads not in CHOICES:
            raise InvalidConfig(
                "what is averaged are probabilities of one action of a few, and this policy's are "
                f"read as {self.reads!r}; mad attacks it without"
            )
        self._network = network
        self._noise = noise

    def outputs(self, observations: Observations) -> Array:
        """Return what the network puts out under each draw: (E, n, m K)."""
        ((name, seen),) = observations.items()
        outputs: Array = self._network.outputs({name: self._noisy(seen)})
        return outputs.reshape(*seen.shape[:2], -1)

    def value_and_gradient(
        self, observations: Observations, objective: Objective
    ) -> tuple[Array, Observations]:
        """Follow an objective of all outputs back to what was seen."""
        ((name, seen),) = observations.items()
        samples = self._noise.shape[2]
        found: list[Array] = []

        def of_all(outputs: Array) -> tuple[Array, Array]:
            values, slopes = objective(outputs.reshape(*seen.shape[:2], -1))
            found.append(values)
            # For each row of the network, what it takes is the value of the rows together.
            return np.repeat(values, samples, axis=1), slopes.reshape(outputs.shape)

        _, gradient = self._network.value_and_gradient({name: self._noisy(seen)}, of_all)
        summed = gradient[name].reshape(self._noise.shape).sum(axis=2)
        return found[0], {name: summed}

    def _noisy(self, seen: Array) -> Array:
        noisy = seen[:, :, None] + self._noise  # (E, n, m, …)
        rows: Array = noisy.reshape(seen.shape[0], -1, *seen.shape[2:])
        return rows


def smoothed_unlikely(true: Array, samples: int) -> Objective:
    """Make the action that is likeliest on average unlikely on average.

    The logarithm is taken of the mean of probabilities, not the mean of logarithms.

    Args:
        true: (E, n, m K) outputs at the truth.
        samples: m.
    """
    shape = (*true.shape[:2], samples, -1)
    likeliest = np.exp(log_softmax(true.reshape(shape))).mean(axis=2).argmax(axis=-1)
    at = likeliest[:, :, None, None]

    def objective(outputs: Array) -> tuple[Array, Array]:
        law = np.exp(log_softmax(outputs.reshape(shape)))  # (E, n, m, K)
        own = np.take_along_axis(law, at, axis=-1)  # (E, n, m, 1)
        mean = np.maximum(own.mean(axis=2, keepdims=True), 1e-30)
        # d(-log mean own) / d logits = -own (1[k = likeliest] - law) / (m mean)
        slopes = law * own / (samples * mean)
        places = np.take_along_axis(slopes, at, axis=-1) - own / (samples * mean)
        np.put_along_axis(slopes, np.broadcast_to(at, own.shape), places, axis=-1)
        return -np.log(mean[:, :, 0, 0]), slopes.reshape(outputs.shape)

    return objective
