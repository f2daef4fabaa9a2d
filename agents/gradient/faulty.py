"""Acting by a network of ours of which neurons or synapses are broken."""

from collections.abc import Sequence

from rallypoint.agents.broken import NotFollowed
from rallypoint.agents.gradient.architecture import Architecture, Parameters, layers_of
from rallypoint.agents.gradient.following import Followed, flattened
from rallypoint.agents.gradient.perceptron import Floats, Perceptron
from rallypoint.agents.gradient.policy import GradientPolicy, Masks
from rallypoint.batch_env import Array, Group, Observations
from rallypoint.networks import FaultPlan, Layer
from rallypoint.safety.neurons.damage import check_plan
from rallypoint.safety.neurons.flat import laid_flat
from rallypoint.safety.neurons.passing import Passage


class FaultyGradientPolicy(NotFollowed, GradientPolicy):
    """A policy of ours with what a plan says broken; with nothing broken, the same bits."""

    def __init__(
        self,
        architecture: Architecture,
        parameters: Parameters,
        group: Group,
        *,
        plan: FaultPlan,
        greedy: bool = False,
        masks: Masks | None = None,
    ) -> None:
        """Act for a group.

        Args:
            architecture: of the actor.
            parameters: (d,).
            group: for whom.
            plan: what is broken, in all rows or with leading axes (E, n).
            greedy: whether to take the likeliest action always.
            masks: says which actions are allowed now, such as a world's ``action_mask``.

        Raises:
            NotOffered: these are the parameters of several runs.
            InvalidConfig: the plan breaks what is not there.
        """
        super().__init__(architecture, parameters, group, greedy=greedy, masks=masks)
        self._plan = check_plan(self.layers(), plan)
        self._actor = _Broken(architecture, parameters, group, plan)

    def greedily(self) -> "FaultyGradientPolicy":
        """Return this policy as it acts greedily, as broken as it is."""
        return FaultyGradientPolicy(
            self._architecture,
            self.parameters,
            self.group,
            plan=self._plan,
            greedy=True,
            masks=self._masks,
        )


class _Broken(Followed):
    """The actor of an architecture with something broken, asked about observations."""

    def __init__(
        self, architecture: Architecture, parameters: Parameters, group: Group, plan: FaultPlan
    ) -> None:
        super().__init__(architecture.actor, architecture.activation, parameters, group)
        layers = layers_of(architecture, parameters)
        self._network = self._broken = BrokenPerceptron(architecture, layers, plan)

    def signals(self, observations: Observations) -> list[Array]:
        """Return what every layer sends, the outputs last: (E, n, N) each, new arrays."""
        seen = flattened(self._group, observations[self._group.name])
        passed = self._broken.passed(self._padded(seen))
        return [self._unpadded(made, seen) for made in passed]


class BrokenPerceptron(Perceptron):
    """An actor with something broken; forwards only, and by the parameters it was broken with."""

    def __init__(
        self, architecture: Architecture, layers: Sequence[Layer], plan: FaultPlan
    ) -> None:
        """Break what a plan says of an actor's layers."""
        super().__init__(architecture.actor, architecture.activation)
        self._opened = layers
        self._plan = plan
        self._passage: Passage | None = None  # of the last call, whose number of rows it fits
        self._rows = -1

    def forward(self, parameters: Parameters, rows: Floats) -> Floats:
        """Return what the network puts out: (…, b, inputs) -> (…, b, outputs)."""
        del parameters  # those it was broken with
        return self._way(rows).outputs(rows)

    def passed(self, rows: Floats) -> list[Array]:
        """Return what every layer sends, the outputs last: (…, b, N) each; good until the next."""
        return self._way(rows).signals(rows)

    def sums(self, signals: Array, index: int, *, intact: bool = False) -> Array:
        """Return what a layer's neurons sum up; see ``Computes``."""
        layer = self._opened[index]
        made = self._product("intact" if intact else "made", index, signals, layer.weights)
        made += layer.biases
        return made

    def weighed(self, signals: Array, index: int) -> Array:
        """Return the same without biases; see ``Computes``."""
        return self._product("weighed", index, signals, self._opened[index].weights)

    def bent(self, sums: Array, index: int, *, intact: bool = False) -> Array:
        """Return signals in the place of sums; see ``Computes``."""
        del intact  # all alike
        if index < len(self._opened) - 1:
            self._activate(sums)
        return sums

    def _way(self, rows: Floats) -> Passage:
        count = rows.size // rows.shape[-1]
        if self._passage is None or count != self._rows:
            flat = laid_flat(self._plan, self._opened, count, rows.dtype)
            self._passage, self._rows = Passage(self, flat), count
        return self._passage
