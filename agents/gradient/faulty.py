"""Acting by a network of ours of which neurons or synapses are broken."""

from collections.abc import Sequence
from typing import NoReturn

from rallypoint.agents.gradient.architecture import Architecture, Parameters, layers_of, shaped
from rallypoint.agents.gradient.following import Followed
from rallypoint.agents.gradient.perceptron import Floats, Perceptron
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.batch_env import Group, Observations
from rallypoint.errors import NotOffered
from rallypoint.networks import FaultPlan, Layer
from rallypoint.policies import Objective
from rallypoint.safety.neurons.damage import (
    Flat,
    Intact,
    check_plan,
    damage_signals,
    damage_sums,
    laid_flat,
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
        self._actor = _Broken(architecture, parameters, group, plan)

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
    """The actor of an architecture with something broken, asked about observations."""

    def __init__(
        self, architecture: Architecture, parameters: Parameters, group: Group, plan: FaultPlan
    ) -> None:
        super().__init__(architecture.actor, architecture.activation, parameters, group)
        layers = layers_of(architecture, parameters)
        self._network = BrokenPerceptron(architecture, layers, plan)


class BrokenPerceptron(Perceptron):
    """An actor with something broken; forwards only, and by the parameters it was broken with."""

    def __init__(
        self, architecture: Architecture, layers: Sequence[Layer], plan: FaultPlan
    ) -> None:
        """Break what a plan says of an actor's layers."""
        super().__init__(architecture.actor, architecture.activation)
        self._opened = layers
        self._plan = plan
        self._flat: tuple[Flat, ...] = ()  # of the last call, whose number of rows it fits
        self._rows = -1

    def forward(self, parameters: Parameters, rows: Floats) -> Floats:
        """Return what the network puts out: (…, b, inputs) -> (…, b, outputs)."""
        count = rows.size // rows.shape[-1]
        if count != self._rows:
            self._flat = laid_flat(self._plan, self._opened, count, rows.dtype)
            self._rows = count
        intact = Intact(self._flat, lambda sent, at: self._layer("intact", parameters, sent, at))
        made, self._inputs = rows, []
        for index, broken in enumerate(self._flat):
            before = made
            self._inputs.append(before)
            intact.enter(index, before)
            made = self._layer("made", parameters, before, index, broken)
            if index < len(self._layers) - 1:
                damage_signals(made, broken, intact.sent(index, made))
        return made

    def _layer(
        self,
        room: str,
        parameters: Parameters,
        signals: Floats,
        index: int,
        broken: Flat | None = None,
    ) -> Floats:
        weights, biases = (shaped(parameters, piece) for piece in self._layers[index])
        made = self._product(room, index, signals, weights)
        made += biases
        if broken is not None:
            damage_sums(made, signals, broken)
        if index < len(self._layers) - 1:
            self._activate(made)
        return made
