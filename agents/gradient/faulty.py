"""Acting by a network of ours of which neurons or synapses are broken."""

from typing import NoReturn

import numpy as np

from rallypoint.agents.gradient.architecture import Architecture, Parameters, shaped
from rallypoint.agents.gradient.following import Followed
from rallypoint.agents.gradient.perceptron import Floats, Layers, Perceptron
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.batch_env import Array, Group, Observations
from rallypoint.errors import NotOffered
from rallypoint.networks import Broken, FaultPlan
from rallypoint.policies import Objective
from rallypoint.safety.neurons.damage import (
    asks_for_nominal,
    by_rows,
    check_plan,
    damage_signals,
    damage_sums,
)


class FaultyGradientPolicy(GradientPolicy):
    """A policy of ours with what a plan says broken; with nothing broken, the same bits."""

    def __init__(
        self,
        architecture: Architecture,
        parameters: Parameters,
        group: Group,
        *,
        plan: FaultPlan,
        greedy: bool = False,
    ) -> None:
        """Act for a group.

        Args:
            architecture: of the actor.
            parameters: (d,).
            group: for whom.
            plan: what is broken, in all rows or with leading axes (E, n).
            greedy: whether to take the likeliest action always.

        Raises:
            NotOffered: these are the parameters of several runs.
            InvalidConfig: the plan breaks what is not there.
        """
        super().__init__(architecture, parameters, group, greedy=greedy)
        self._plan = check_plan(self.layers(), plan)
        self._actor = _Broken(
            architecture.actor, architecture.activation, parameters, group, plan=plan
        )

    def greedily(self) -> "FaultyGradientPolicy":
        """Return this policy as it acts greedily, as broken as it is."""
        return FaultyGradientPolicy(
            self._architecture, self.parameters, self.group, plan=self._plan, greedy=True
        )

    def value_and_gradient(self, observations: Observations, objective: Objective) -> NoReturn:
        """Refuse: what broken neurons send does not depend on what is seen.

        Raises:
            NotOffered: always.
        """
        del observations, objective
        raise NotOffered(
            "a network with broken neurons is not followed back to what it saw; attack the "
            "undamaged policy, and let the broken one see the result"
        )


class _Broken(Followed):
    """One network of an architecture with something broken, asked about observations."""

    def __init__(
        self,
        layers: Layers,
        activation: str,
        parameters: Parameters,
        group: Group,
        *,
        plan: FaultPlan,
    ) -> None:
        super().__init__(layers, activation, parameters, group)
        self._network = BrokenPerceptron(layers, activation, plan)


class BrokenPerceptron(Perceptron):
    """A network with something broken; forwards only."""

    def __init__(self, layers: Layers, activation: str, plan: FaultPlan) -> None:
        """Compute the layers under a plan, (d,) parameters at a time."""
        super().__init__(layers, activation)
        self._plan = plan
        self._flat: FaultPlan = ()  # of the last call, whose number of rows it fits
        self._rows = -1
        self._healthy = Perceptron(layers, activation) if asks_for_nominal(plan) else None

    def forward(self, parameters: Parameters, rows: Floats) -> Floats:
        """Return what the network puts out: (…, b, inputs) -> (…, b, outputs)."""
        count = rows.size // rows.shape[-1]
        if count != self._rows:
            self._flat, self._rows = by_rows(self._plan, count, rows.dtype), count
        if self._healthy is not None:
            self._healthy.forward(parameters, rows)
        made, self._inputs = rows, []
        for index, ((weights, biases), broken) in enumerate(
            zip(self._layers, self._flat, strict=True)
        ):
            before, matrix = made, shaped(parameters, weights)
            self._inputs.append(before)
            made = self._room("made", index, (*before.shape[:-1], weights.shape[0]))
            np.matmul(before, matrix.T, out=made)
            made += shaped(parameters, biases)
            damage_sums(_flat(made), _flat(before), matrix, broken.synapses)
            if index < len(self._layers) - 1:
                self._activate(made)
                self._damage(made, broken, index)
        return made

    def _damage(self, made: Floats, broken: Broken, index: int) -> None:
        nominal: Array | None = None
        if self._healthy is not None:
            nominal = _flat(self._healthy.signals[index + 1])
        damage_signals(_flat(made), broken, nominal)


def _flat(rows: Floats) -> Floats:
    return rows.reshape(-1, rows.shape[-1])  # a view: buffers are contiguous
