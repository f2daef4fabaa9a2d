"""How safety reaches policies without knowing who made them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from rallypoint.batch_env import Actions, BatchEnv, Observations
from rallypoint.draws import Draws
from rallypoint.errors import UnknownName, did_you_mean
from rallypoint.networks import FaultPlan, Layer
from rallypoint.registry import import_address

_READER = "rallypoint.agents.saved:load_policies"  # an address: nothing of agents is imported here

Array = NDArray[Any]


class Policy(Protocol):
    """Anything that chooses actions."""

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Choose actions (E, n_group, …) for every group."""
        ...


class Objective(Protocol):
    """What a gradient is wanted of, told in terms of what a network puts out."""

    def __call__(self, outputs: Array) -> tuple[Array, Array]:
        """Return the objective (E, n) and its gradient with respect to outputs (E, n, K)."""
        ...


class Differentiable(Protocol):
    """A network whose outputs can be followed back to what it saw, one group at a time."""

    def outputs(self, observations: Observations) -> Array:
        """Return what it puts out for every agent of the group that is given: (E, n, K)."""
        ...

    def value_and_gradient(
        self, observations: Observations, objective: Objective
    ) -> tuple[Array, Observations]:
        """Return the objective (E, n) and its gradient with respect to observations (E, n, …).

        Raises:
            InvalidConfig: what is seen is not made of real numbers.
        """
        ...


class DifferentiablePolicy(Policy, Differentiable, Protocol):
    """A policy that can be followed back from what it does to what it saw."""

    @property
    def reads(self) -> str:
        """How outputs are read.

        "logits" of one action of K; "values" of one of K, the best of which is taken; "normal",
        means and then standard deviations; "scaled" or "clipped", the action itself.
        """
        ...

    def critic(self) -> Differentiable:
        """Return what the learner thinks an observation is worth: (E, n, 1).

        Raises:
            NotOffered: it has no critic of observations.
        """
        ...


class InspectablePolicy(Policy, Protocol):
    """A policy that can be opened: its layers, its features, itself with neurons broken."""

    def layers(self) -> tuple[Layer, ...]:
        """Return its layers, from what is seen to what is put out.

        Raises:
            NotOffered: it is no chain of layers; says what it is.
        """
        ...

    def features(self, observations: Observations) -> Mapping[str, Array]:
        """Return what every layer sends, by its name, the outputs last: (E, n_group, N) each."""
        ...

    def with_faults(self, plan: FaultPlan) -> "InspectablePolicy":
        """Return this policy with the neurons and synapses of a plan broken, and no others.

        The plan says it of all rows, or has leading axes (E, n_group).

        Raises:
            InvalidConfig: it breaks what is not there.
        """
        ...


def acting_for(policy: Any, group: str) -> Any:
    """Return what acts for one group: the policy, or its part for that group, if it has parts.

    A policy that has says so by ``of_group(name)``.
    """
    of_group = getattr(policy, "of_group", None)
    return policy if of_group is None else of_group(group)


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
