"""Acting by a network of SB3 of which neurons or synapses are broken."""

import numpy as np
import torch
from stable_baselines3.common.policies import BasePolicy

from rallypoint.agents.broken import NotFollowed
from rallypoint.agents.sb3.inspection import Chunked, chain
from rallypoint.agents.sb3.policy import CHUNK, Masks, Sb3Policy
from rallypoint.batch_env import Array, Group, Observations
from rallypoint.networks import FaultPlan
from rallypoint.safety.neurons.damage import check_plan
from rallypoint.safety.neurons.flat import laid_flat
from rallypoint.safety.neurons.passing import Passage


class FaultySb3Policy(NotFollowed, Sb3Policy):
    """A policy of SB3 with what a plan says broken; with nothing broken, the same bits."""

    def __init__(
        self,
        network: BasePolicy,
        group: Group,
        *,
        plan: FaultPlan,
        greedy: bool = False,
        masks: Masks | None = None,
    ) -> None:
        """Act for a group.

        Args:
            network: whose spaces are those of the group.
            group: for whom.
            plan: what is broken, in all rows or with leading axes (E, n).
            greedy: whether to take the likeliest action always.
            masks: says which actions are allowed now, such as a world's ``action_mask``.

        Raises:
            NotOffered: the network is no chain of fully connected layers.
            InvalidConfig: the plan breaks what is not there.
        """
        super().__init__(network, group, greedy=greedy, masks=masks)
        self._chain = chain(network)
        self._opened = self._chain.layers()
        self._plan = check_plan(self._opened, plan)
        self._way: Passage | None = None  # of the last call, whose number of rows it fits
        self._rows = -1

    def greedily(self) -> "FaultySb3Policy":
        """Return this policy as it acts greedily, as broken as it is."""
        return FaultySb3Policy(
            self.network, self.group, plan=self._plan, greedy=True, masks=self._masks
        )

    def outputs(self, observations: Observations) -> Array:
        """Return what the broken network puts out for every agent: (E, n, K)."""
        seen = observations[self.group.name]
        with torch.no_grad():
            inputs = self._inputs(seen)
            ends = self._passage(len(inputs)).outputs(inputs)
            made = [self._chain.finished(part) for part in np.split(ends, len(ends) // CHUNK)]
        rows = np.concatenate(made)[: seen.shape[0] * seen.shape[1]]
        return rows.reshape(*seen.shape[:2], -1)

    def _signals(self, seen: Array) -> list[list[Array]]:
        with torch.no_grad():
            inputs = self._inputs(seen)
            return [self._passage(len(inputs)).signals(inputs)]  # in one piece

    def _inputs(self, seen: Array) -> Array:
        """Return what goes into the first layer: (rows, inputs), whole chunks of them."""
        self.network.set_training_mode(False)
        parts = [self._chain.first(chunk).numpy(force=True) for chunk in self._chunks(seen)]
        return np.concatenate(parts)

    def _passage(self, rows: int) -> Passage:
        if self._way is None or rows != self._rows:
            flat = laid_flat(self._plan, self._opened, rows, np.dtype(np.float32))
            self._way, self._rows = Passage(Chunked(self._chain, CHUNK), flat), rows
        return self._way
