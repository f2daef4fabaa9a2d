"""Policies of RecurrentPPO, which remember what they have seen in this episode."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from rallypoint.agents.sb3.heads import Head, kind_of_choice, parameters
from rallypoint.agents.sb3.policy import CHUNK, Sb3Policy
from rallypoint.batch_env import Array, Mask, Observations
from rallypoint.errors import InvalidConfig


class RecurrentSb3Policy(Sb3Policy):
    """Acts by an LSTM, with a memory for each agent of each copy.

    Whoever plays episodes calls ``begin_episode`` where they start; another number of copies than
    before starts anew by itself.
    """

    _memory: tuple[Array, Array] | None = None  # hidden and cell state: (rows, layers, units)

    def _prepare(self) -> None:
        self.head = Head(kind_of_choice(self.network), self._refuse)

    def begin_episode(self, mask: Mask | None = None) -> None:
        """Forget what the masked copies (E,) have seen, or all of them."""
        if mask is None:
            self._memory = None
        elif self._memory is not None:
            rows = np.repeat(mask, len(self.group.agents))
            for part in self._memory:
                part[rows] = 0

    def outputs(self, observations: Observations) -> Array:
        """Return what the network puts out for every agent, and remember: (E, n, K)."""
        seen = observations[self.group.name]
        num_rows = seen.shape[0] * seen.shape[1]
        lstm: Any = self.network.lstm_actor
        if self._memory is None or len(self._memory[0]) != num_rows:
            empty = np.zeros((num_rows, lstm.num_layers, lstm.hidden_size), np.float32)
            self._memory = (empty, empty.copy())
        self.network.set_training_mode(False)
        outputs = []
        for number, chunk in enumerate(self._chunks(seen)):
            rows = slice(number * CHUNK, min((number + 1) * CHUNK, num_rows))
            outputs.append(self._remember(chunk, rows))
        return np.concatenate(outputs).reshape(*seen.shape[:2], -1)

    def _remember(self, chunk: Tensor, rows: slice) -> Array:
        assert self._memory is not None
        count = rows.stop - rows.start
        states = []
        for part in self._memory:
            padded = np.zeros((CHUNK, *part.shape[1:]), part.dtype)
            padded[:count] = part[rows]
            states.append(torch.as_tensor(padded.swapaxes(0, 1).copy(), device=chunk.device))
        network: Any = self.network
        with torch.no_grad():
            distribution, after = network.get_distribution(
                chunk, tuple(states), torch.zeros(CHUNK, device=chunk.device)
            )
            outputs: Array = parameters(distribution).cpu().numpy()[:count]
        for part, state in zip(self._memory, after, strict=True):
            part[rows] = state.cpu().numpy().swapaxes(0, 1)[:count]
        return outputs

    def _refuse(self, seen: Tensor) -> Tensor:
        del seen
        raise InvalidConfig(
            "a policy with a memory has no gradient for observations alone: what it puts out "
            "depends on all it has seen before; random_percept and learned_percept need none, and "
            "another policy can be attacked in its place: surrogate = …"
        )
