"""A policy whose logits are linear in what is seen, so that the best lies are known."""

import numpy as np

from rallypoint.errors import NotOffered


class Linear:
    """Logits are (seen - at) @ weights; the critic is the sum of what is seen."""

    reads = "logits"

    def __init__(self, weights, at=0.0):
        self.weights = np.asarray(weights, dtype=np.float64)
        self.at = at

    def act(self, observations, draws):
        del draws
        return {name: self.outputs({name: seen}).argmax(-1) for name, seen in observations.items()}

    def outputs(self, observations):
        ((_, seen),) = observations.items()
        return (seen.astype(np.float64) - self.at) @ self.weights

    def value_and_gradient(self, observations, objective):
        ((name, _),) = observations.items()
        values, slopes = objective(self.outputs(observations))
        return values, {name: slopes @ self.weights.T}

    def critic(self):
        if self.weights.shape[1] == 1:
            raise NotOffered("a critic has none")
        return Linear(np.ones((len(self.weights), 1)), self.at)
