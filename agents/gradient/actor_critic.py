"""Actor and critic together: what they say of rows, and the gradient of a loss of it."""

from typing import NamedTuple

import numpy as np

from rallypoint.agents.gradient.architecture import Architecture, Parameters
from rallypoint.agents.gradient.batch import Batch
from rallypoint.agents.gradient.distributions import Distribution, distribution
from rallypoint.agents.gradient.perceptron import TOGETHER, Floats, Perceptron
from rallypoint.batch_env import Mask


class Told(NamedTuple):
    """What the networks say of the rows of a batch."""

    choice: Distribution  # what the outputs mean
    outputs: Floats  # (R, n, b, K) of the actor, settled
    logs: Floats  # (R, n, b) log-probabilities of the actions
    values: Floats | None  # (R, n, b) of the critic, if there is one
    costs: Floats | None = None  # (R, n, b) likewise of the critic of costs


class Loss(NamedTuple):
    """The derivatives of a loss by what the networks said, row by row."""

    by_log: Floats  # (R, n, b)
    by_entropy: Floats | float = 0.0  # (R, n, b), or 0 where it plays no part
    by_value: Floats | None = None  # (R, n, b)
    by_cost: Floats | None = None  # (R, n, b)


class ActorCritic:
    """The networks of an architecture, for R runs of n contributors side by side."""

    def __init__(self, architecture: Architecture) -> None:
        """Get the networks ready."""
        self.architecture = architecture
        self.actor = Perceptron(architecture.actor, architecture.activation)
        self._critic = Perceptron(architecture.critic, architecture.activation)
        self._cost_critic = Perceptron(architecture.cost_critic, architecture.activation)

    def choice(self, parameters: Parameters, allowed: Mask | None = None) -> Distribution:
        """Return what the actor's outputs mean: parameters are (R, d), what is allowed (…, K)."""
        return distribution(self.architecture, parameters, allowed)

    def tell(self, parameters: Parameters, batch: Batch) -> Told:
        """Look at the rows of a batch; ``gradient`` follows the last look back."""
        choice, outputs = self._put_out(parameters, batch)
        shown = batch.seen if batch.central is None else batch.central
        values, costs = (
            critic.forward(parameters, shown)[..., 0] if layers else None
            for critic, layers in (
                (self._critic, self.architecture.critic),
                (self._cost_critic, self.architecture.cost_critic),
            )
        )
        logs = choice.log_probabilities(outputs, batch.actions)
        return Told(choice, outputs, logs, values, costs)

    def logs(self, parameters: Parameters, batch: Batch) -> Floats:
        """Return the log-probabilities of a batch's actions alone, of no critic: (R, n, b)."""
        choice, outputs = self._put_out(parameters, batch)
        return choice.log_probabilities(outputs, batch.actions)

    def _put_out(self, parameters: Parameters, batch: Batch) -> tuple[Distribution, Floats]:
        choice = self.choice(parameters, batch.allowed)
        return choice, choice.settled(self.actor.forward(parameters, batch.seen))

    def values(self, parameters: Parameters, rows: Floats) -> Floats:
        """Return what the critic says of any rows, run by run: (R, m, inputs) -> (R, m)."""
        return self._asked(self._critic, parameters, rows)

    def costs(self, parameters: Parameters, rows: Floats) -> Floats:
        """Return what the critic of costs says of any rows: (R, m, inputs) -> (R, m)."""
        return self._asked(self._cost_critic, parameters, rows)

    def _asked(self, critic: Perceptron, parameters: Parameters, rows: Floats) -> Floats:
        runs, count, inputs = rows.shape
        num_chunks = -(-count // TOGETHER)
        padded = np.zeros((runs, num_chunks * TOGETHER, inputs), dtype=np.float32)
        padded[:, :count] = rows
        found = critic.forward(parameters, padded.reshape(runs, num_chunks, TOGETHER, inputs))
        return found.reshape(runs, -1)[:, :count].copy()

    def gradient(self, batch: Batch, told: Told, loss: Loss) -> Floats:
        """Return each contributor's gradient of a loss of what was told last: (R, n, d)."""
        made = self.architecture
        found = np.zeros((*batch.weights.shape[:2], made.size), dtype=np.float32)
        slopes = told.choice.slopes(told.outputs, batch.actions, loss.by_log, loss.by_entropy)
        self.actor.backward(slopes.outputs, found)
        if made.log_std is not None:
            found[..., made.log_std.at] = slopes.log_std
        if loss.by_value is not None:
            self._critic.backward(loss.by_value[..., None], found)
        if loss.by_cost is not None:
            self._cost_critic.backward(loss.by_cost[..., None], found)
        return found
