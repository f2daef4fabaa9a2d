"""A policy that goes on learning, for whoever attacks it, or acts against it, meanwhile."""

from typing import Any

from rallypoint.batch_env import Actions, Array, BatchEnv, Observations
from rallypoint.draws import Draws
from rallypoint.errors import NotOffered
from rallypoint.networks import FaultPlan, Layer
from rallypoint.policies import Differentiable, InspectablePolicy, Objective, Policy
from rallypoint.safety.frame import Threatened
from rallypoint.wrapper import BatchWrapper


class LivePolicy:
    """Acts as somebody has learned to act so far.

    A world under threats, or a view of one, is made before what learns in it; this is what it is
    told of that policy. It can do what that one can.
    """

    def __init__(self) -> None:
        """Act for nobody yet."""
        self._now: Policy | None = None

    @property
    def now(self) -> Any:
        """The policy as it is.

        Raises:
            NotOffered: nobody has begun to learn.
        """
        if self._now is None:
            raise NotOffered("nobody learns this policy yet; make what learns it first")
        return self._now

    def become(self, policy: Policy) -> None:
        """Act like another one from now on."""
        self._now = policy

    @property
    def reads(self) -> str:
        """How outputs are read; see ``rallypoint.policies.DifferentiablePolicy``."""
        reads: str = self.now.reads
        return reads

    @property
    def runs(self) -> int:
        """How many runs are played side by side."""
        runs: int = getattr(self.now, "runs", 1)
        return runs

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Choose an action for every agent of the group."""
        actions: Actions = self.now.act(observations, draws)
        return actions

    def outputs(self, observations: Observations) -> Array:
        """Return what the actor puts out."""
        outputs: Array = self.now.outputs(observations)
        return outputs

    def value_and_gradient(
        self, observations: Observations, objective: Objective
    ) -> tuple[Array, Observations]:
        """Follow an objective of the outputs back to what was seen."""
        followed: tuple[Array, Observations] = self.now.value_and_gradient(observations, objective)
        return followed

    def critic(self) -> Differentiable:
        """Return what the critic says of what is seen."""
        critic: Differentiable = self.now.critic()
        return critic

    def layers(self) -> tuple[Layer, ...]:
        """Return its layers, from what is seen to what is put out."""
        layers: tuple[Layer, ...] = self.now.layers()
        return layers

    def features(self, observations: Observations) -> dict[str, Array]:
        """Return what every layer sends, by its name, the outputs last."""
        features: dict[str, Array] = self.now.features(observations)
        return features

    def with_faults(self, plan: FaultPlan) -> InspectablePolicy:
        """Return the policy as it is now with what a plan says broken."""
        broken: InspectablePolicy = self.now.with_faults(plan)
        return broken


def live_for(world: BatchEnv) -> LivePolicy | None:
    """Return what threats of a world can be told of a policy to come, if it is one network's.

    That of the only group: of several networks, threats would have to follow each.
    """
    return LivePolicy() if len(world.groups) == 1 else None


def live_in(world: BatchEnv) -> LivePolicy | None:
    """Return what threats of a world are told of a policy that is being learned, if they are."""
    while isinstance(world, BatchWrapper):
        if isinstance(world, Threatened) and isinstance(world.policy, LivePolicy):
            return world.policy
        world = world.env
    return None
