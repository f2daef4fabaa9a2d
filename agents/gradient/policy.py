"""Acting by a network: the kernel's Policy, with the same bits in any batch."""

from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray

from rallypoint.agents.gradient.architecture import Architecture, Parameters
from rallypoint.agents.gradient.distributions import distribution
from rallypoint.agents.gradient.perceptron import Floats, Perceptron
from rallypoint.batch_env import Actions, Array, Group, Observations
from rallypoint.draws import Draws

# Every product has so many rows, the last ones padded: how it is summed, and so its last bits, may
# depend on its shape. A multiple of 16, so that no vector unit has a remainder.
CHUNK = 128


class GradientPolicy:
    """Acts for one group by an actor that all its agents share.

    Runs may be played side by side, parameters (R, d): the copies are then R equal blocks, one
    after another, and each run's agents act by its own parameters.
    """

    def __init__(
        self,
        architecture: Architecture,
        parameters: Parameters,
        group: Group,
        *,
        greedy: bool = False,
    ) -> None:
        """Act for a group.

        Args:
            architecture: of the actor.
            parameters: (d,), or (R, d) for R runs.
            group: for whom.
            greedy: whether to take the likeliest action always.
        """
        self.group = group
        self.greedy = greedy
        self.parameters = parameters
        self._architecture = architecture
        self._actor = Perceptron(architecture.actor, architecture.activation)

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Choose an action for every agent of the group, within its space."""
        seen = flattened(self.group, observations[self.group.name])
        return {self.group.name: as_action(self.group, self.choose(seen, draws))}

    def choose(self, seen: Floats, draws: Draws) -> NDArray[Any]:
        """Choose by what is seen (E, n, inputs): (E, n) counted from 0, or (E, n, K) unbounded."""
        num_copies, num_agents = seen.shape[:2]
        chosen = distribution(self._architecture, self.parameters)
        outputs = chosen.settled(self.outputs(seen))
        numbers = None if self.greedy else draws.random((num_agents, chosen.numbers))
        if self.parameters.ndim == 1:
            return chosen.choose(outputs, numbers)
        runs = (len(self.parameters), -1, num_agents)
        by_run = None if numbers is None else numbers.reshape(*runs, chosen.numbers)
        actions = chosen.choose(outputs.reshape(*runs, outputs.shape[-1]), by_run)
        return actions.reshape(num_copies, num_agents, *actions.shape[3:])

    def outputs(self, seen: Floats) -> Floats:
        """Return what the actor puts out: (E, n, inputs) -> (E, n, K), a new array."""
        runs = 1 if self.parameters.ndim == 1 else len(self.parameters)
        shape, inputs = seen.shape[:2], seen.shape[2]
        rows = shape[0] * shape[1] // runs
        num_chunks = -(-rows // CHUNK)
        padded = np.zeros((runs, num_chunks * CHUNK, inputs), dtype=np.float32)
        padded[:, :rows] = seen.reshape(runs, rows, inputs)
        chunks = padded.reshape(runs, num_chunks, CHUNK, inputs)
        if self.parameters.ndim == 1:
            chunks = chunks[0]
        outputs = self._actor.forward(self.parameters, chunks)
        found = outputs.reshape(runs, num_chunks * CHUNK, -1)[:, :rows]
        unpadded: Floats = found.reshape(*shape, outputs.shape[-1]).copy()
        return unpadded


def flattened(group: Group, seen: Array) -> Floats:
    """Return what a group sees as a network takes it: (…, inputs) numbers."""
    space: Any = group.observation_space
    if isinstance(space, Discrete):  # one of a few: as many numbers, one of them 1
        one_hot: Floats = np.eye(int(space.n), dtype=np.float32)[seen - int(space.start)]
        return one_hot
    flat: Floats = seen.reshape(*seen.shape[: seen.ndim - len(space.shape)], -1)
    return flat.astype(np.float32, copy=False)


def as_action(group: Group, chosen: NDArray[Any]) -> Array:
    """Bring what was chosen into the group's space, as SB3 does: counted up, or cut to bounds."""
    space: Any = group.action_space
    if isinstance(space, Box):
        cut = np.clip(chosen.reshape(*chosen.shape[:2], *space.shape), space.low, space.high)
        return np.asarray(cut, dtype=space.dtype)
    start = int(space.start)
    return chosen + start if start else chosen
