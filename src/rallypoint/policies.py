"""How safety reaches policies without knowing who made them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from rallypoint.batch_env import Actions, BatchEnv, Observations
from rallypoint.draws import Draws
from rallypoint.errors import UnknownName, did_you_mean
from rallypoint.registry import import_address

_READER = "rallypoint.agents.saved:load_policies"  # an address: nothing of agents is imported here

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


def saved_policy(folder: Path, env: BatchEnv, how: str | None = None) -> Policy:
    """Read a policy that was trained into a folder, by whoever trained it.

    Args:
        folder: as ``rallypoint train`` leaves it.
        env: where it is to act.
        how: it acts, such as "greedy", which it is if this is not given.

    Raises:
        UnreadableFile: no agent, a damaged one, or one for other spaces.
        UnknownName: it does not act in that way; names those in which it does.
    """
    policies: dict[str, Policy] = import_address(_READER)(folder, env)
    wanted = how or "greedy"
    if wanted not in policies:
        raise UnknownName(
            f"the agent in {folder} does not act {wanted!r}{did_you_mean(wanted, policies)}"
        )
    return policies[wanted]
