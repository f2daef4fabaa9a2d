"""Networks of the agents of a group, one for each, as one that can be followed back."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rallypoint.batch_env import Array, Group, Observations
from rallypoint.policies import Objective


class SideBySide:
    """What the networks of a group's agents put out, each for what its own agent sees.

    A ``rallypoint.policies.Differentiable`` of the whole group. It cannot be opened: its agents
    have layers of their own.
    """

    def __init__(self, group: Group, networks: Sequence[Any]) -> None:
        """Join networks, in the order of the group's agents, each of which it calls by its name."""
        self._group = group
        self._networks = tuple(networks)

    @property
    def reads(self) -> str:
        """How outputs are read; see ``rallypoint.policies.DifferentiablePolicy``."""
        reads: str = self._networks[0].reads
        return reads

    def critic(self) -> "SideBySide":
        """Return what their critics say."""
        return SideBySide(self._group, [network.critic() for network in self._networks])

    def outputs(self, observations: Observations) -> Array:
        """Return what they put out: (E, n, K)."""
        seen = observations[self._group.name]
        return np.concatenate(
            [
                network.outputs({agent: seen[:, place : place + 1]})
                for place, (agent, network) in enumerate(self._members())
            ],
            axis=1,
        )

    def value_and_gradient(
        self, observations: Observations, objective: Objective
    ) -> tuple[Array, Observations]:
        """Follow an objective of all outputs back to what each of them saw."""
        name = self._group.name
        seen = observations[name]
        values, slopes = objective(self.outputs(observations))
        found = []
        for place, (agent, network) in enumerate(self._members()):
            own = slice(place, place + 1)
            told = values[:, own], slopes[:, own]
            _, gradient = network.value_and_gradient({agent: seen[:, own]}, lambda _, t=told: t)
            found.append(gradient[agent])
        return values, {name: np.concatenate(found, axis=1)}

    def _members(self) -> Sequence[tuple[str, Any]]:
        return tuple(zip(self._group.agents, self._networks, strict=True))
