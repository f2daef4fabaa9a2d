"""How safety reaches policies without knowing who made them."""

from collections.abc import Mapping
from typing import Any, Protocol

from numpy.typing import NDArray

from rallypoint.batch_env import Actions, Observations
from rallypoint.draws import Draws

Array = NDArray[Any]


class Policy(Protocol):
    """Anything that chooses actions."""

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Choose actions (E, n_group, …) for every group."""
        ...


class DifferentiablePolicy(Policy, Protocol):
    """A policy whose objective can be followed back to what it saw."""

    def value_and_gradient(
        self, observations: Observations, objective: Any
    ) -> tuple[Array, Observations]:
        """Return the objective per agent (E, N) and its gradient with respect to observations."""
        ...


class InspectablePolicy(Policy, Protocol):
    """A policy that can be opened: its layers, its features, itself with neurons broken."""

    def layers(self) -> Mapping[str, Array]:
        """Return the weight matrices, in order from input to output."""
        ...

    def features(self, observations: Observations) -> Mapping[str, Array]:
        """Return the activations of each layer."""
        ...

    def with_faults(self, plan: Any) -> "InspectablePolicy":
        """Return this policy with the plan's neurons and synapses broken."""
        ...
