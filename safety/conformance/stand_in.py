"""A policy to try threats on, where there is no other."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rallypoint.batch_env import Actions, Array, Group, Observations
from rallypoint.draws import Draws, Floats, stream
from rallypoint.errors import InvalidConfig
from rallypoint.networks import FaultPlan, Layer
from rallypoint.policies import Objective
from rallypoint.safety.neurons.damage import check_plan
from rallypoint.safety.uniform_actions import uniform_actions

_MANY = 1024  # neurons of a layer, so that a file for a large network can be tried


class Anything:
    """Does anything, uniformly: it stands for the policy under threats, which a trial has not.

    Whoever follows it back finds logits, and a critic, that are linear in what is seen.
    """

    reads = "logits"

    def __init__(self, groups: Sequence[Group], *, judges: bool = False) -> None:
        """Stand for a policy of these groups, or for its critic."""
        self.groups = groups
        self._sizes = {g.name: 1 if judges else _choices(g.action_space) for g in groups}

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Choose uniformly; zeros where nothing can be drawn uniformly."""
        del observations
        return {g.name: uniform_actions(g.action_space, len(g.agents), draws) for g in self.groups}

    def critic(self) -> "Anything":
        """Return what tells the worth of an observation."""
        return Anything(self.groups, judges=True)

    def outputs(self, observations: Observations) -> Array:
        """Return logits: (E, n, K)."""
        ((name, seen),) = observations.items()
        flat = seen.reshape(*seen.shape[:2], -1).astype(np.float64)
        # Row by row, so that the same comes of a row whoever is beside it.
        found: Floats = (flat[..., None] * self._weights(name, flat.shape[2])).sum(axis=2)
        return found

    def value_and_gradient(
        self, observations: Observations, objective: Objective
    ) -> tuple[Array, Observations]:
        """Follow an objective of the logits back to what was seen."""
        ((name, seen),) = observations.items()
        if seen.dtype.kind != "f":
            raise InvalidConfig(f"there is no gradient with respect to {seen.dtype}")
        values, slopes = objective(self.outputs(observations))
        weights = self._weights(name, int(np.prod(seen.shape[2:], dtype=np.int64)))
        gradient = (slopes[..., None, :] * weights).sum(axis=3)
        return values, {name: gradient.reshape(seen.shape)}

    def layers(self) -> tuple[Layer, ...]:
        """Return a network that it could be if it were one, of more neurons than most have."""
        sizes = ((_MANY, 4, "tanh"), (_MANY, _MANY, "tanh"), (3, _MANY, "identity"))
        return tuple(
            Layer(f"layer {place}", np.broadcast_to(0.0, size), np.zeros(size[0]), bends)
            for place, (*size, bends) in enumerate(sizes)
        )

    def with_faults(self, plan: FaultPlan) -> "Anything":
        """Return itself: whatever is broken, it does anything.

        Raises:
            InvalidConfig: the plan breaks what is not there.
        """
        check_plan(self.layers(), plan)
        return self

    def _weights(self, group: str, entries: int) -> Floats:
        rng = stream(0, "conformance/stand-in", entries)
        return rng.standard_normal((entries, self._sizes[group]))


def _choices(space: Any) -> int:
    """Return how many actions there are to choose from, or entries of one."""
    return int(getattr(space, "n", np.prod(space.shape or (1,))))
