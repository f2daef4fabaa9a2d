"""Acting by a network: the kernel's Policy, with the same bits in any batch."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from gymnasium.spaces import Box
from numpy.typing import NDArray

from rallypoint.agents.gradient.architecture import Architecture, Parameters, layers_of
from rallypoint.agents.gradient.distributions import distribution
from rallypoint.agents.gradient.following import Followed, flattened
from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.batch_env import Actions, Array, Group, Mask, Observations
from rallypoint.draws import Draws
from rallypoint.errors import NotOffered
from rallypoint.networks import FaultPlan, Layer
from rallypoint.policies import Objective

Masks = Callable[[], Mapping[str, Mask]]  # which actions are allowed now, by group


class GradientPolicy:
    """Acts for one group by an actor that all its agents share.

    Runs may be played side by side, parameters (R, d): the copies are then R equal blocks, one
    after another, and each run's agents act by its own parameters.
    """

    def __init__(
        self,
        architecture: Architecture,
        parameters: Parameters,
        group: Group,
        *,
        greedy: bool = False,
        masks: Masks | None = None,
    ) -> None:
        """Act for a group.

        Args:
            architecture: of the actor.
            parameters: (d,), or (R, d) for R runs.
            group: for whom.
            greedy: whether to take the likeliest action always.
            masks: says which actions are allowed now, such as a world's ``action_mask``.
        """
        self.group = group
        self._masks = masks
        self.greedy = greedy
        self.parameters = parameters
        self._architecture = architecture
        self._actor = Followed(architecture.actor, architecture.activation, parameters, group)

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Choose an action for every agent of the group, within its space."""
        seen = flattened(self.group, observations[self.group.name])
        allowed = None if self._masks is None else self._masks().get(self.group.name)
        return {self.group.name: as_action(self.group, self.choose(seen, draws, allowed))}

    def choose(self, seen: Floats, draws: Draws, allowed: Mask | None = None) -> NDArray[Any]:
        """Choose by what is seen (E, n, inputs): (E, n) counted from 0, or (E, n, K) unbounded.

        Where actions are forbidden, it is said which are allowed: (E, n, K).
        """
        num_copies, num_agents = seen.shape[:2]
        chosen = distribution(self._architecture, self.parameters, allowed)
        outputs = chosen.settled(self.computed(seen))
        numbers = None if self.greedy else draws.random((num_agents, chosen.numbers))
        if self.parameters.ndim == 1:
            return chosen.choose(outputs, numbers)
        runs = (len(self.parameters), -1, num_agents)
        by_run = None if numbers is None else numbers.reshape(*runs, chosen.numbers)
        actions = chosen.choose(outputs.reshape(*runs, outputs.shape[-1]), by_run)
        return actions.reshape(num_copies, num_agents, *actions.shape[3:])

    @property
    def runs(self) -> int:
        """R, how many runs are played side by side, each by parameters of its own."""
        return self._actor.runs

    def of_run(self, run: int, masks: Masks | None = None) -> "GradientPolicy":
        """Return how one of the runs acts, by itself."""
        parameters = np.atleast_2d(self.parameters)[run]
        made = self._architecture
        return GradientPolicy(made, parameters, self.group, greedy=self.greedy, masks=masks)

    @property
    def reads(self) -> str:
        """How outputs are read; see ``rallypoint.policies.DifferentiablePolicy``."""
        return "logits" if self._architecture.kind == "categorical" else "normal"

    def outputs(self, observations: Observations) -> Array:
        """Return what the actor puts out: (E, n, K) logits, or means and standard deviations."""
        return self._finished(self._actor.outputs(observations))

    def value_and_gradient(
        self, observations: Observations, objective: Objective
    ) -> tuple[Array, Observations]:
        """Follow an objective of the outputs back to what was seen.

        Raises:
            InvalidConfig: what is seen is not made of real numbers.
        """
        size = self._architecture.outputs

        def of_actor(outputs: Array) -> tuple[Array, Array]:
            values, slopes = objective(self._finished(outputs))
            return values, slopes[..., :size]  # spreads do not depend on what is seen

        return self._actor.value_and_gradient(observations, of_actor)

    def critic(self) -> Followed:
        """Return what the critic says of what is seen.

        Raises:
            NotOffered: there is none, or it sees the state instead.
        """
        made = self._architecture
        if not made.critic or made.value_inputs is not None:
            raise NotOffered(
                "this policy has no critic that looks at observations; attacks that go by its "
                "actions, such as mad and pgd, need none"
            )
        return Followed(made.critic, made.activation, self.parameters, self.group)

    def layers(self) -> tuple[Layer, ...]:
        """Return the layers between what is seen and what the actor puts out.

        Raises:
            NotOffered: these are the parameters of several runs.
        """
        if self.parameters.ndim != 1:
            raise NotOffered(
                f"{len(self.parameters)} runs side by side are as many networks; open the policy "
                "of one run's parameters"
            )
        return layers_of(self._architecture, self.parameters)

    def features(self, observations: Observations) -> dict[str, Array]:
        """Return what every layer sends, by its name, the outputs last: (E, n, N) each.

        Raises:
            NotOffered: these are the parameters of several runs.
        """
        layers = self.layers()
        signals = self._actor.signals(observations)
        return {layer.name: made for layer, made in zip(layers, signals, strict=True)}

    def with_faults(self, plan: FaultPlan) -> "GradientPolicy":
        """Return this policy with what a plan says broken; it has no gradient.

        Raises:
            NotOffered: these are the parameters of several runs.
            InvalidConfig: the plan breaks what is not there.
        """
        from rallypoint.agents.gradient.faulty import FaultyGradientPolicy  # one like this one

        return FaultyGradientPolicy(
            self._architecture,
            self.parameters,
            self.group,
            plan=plan,
            greedy=self.greedy,
            masks=self._masks,
        )

    def greedily(self) -> "GradientPolicy":
        """Return this policy as it acts greedily."""
        made, masks = self._architecture, self._masks
        return GradientPolicy(made, self.parameters, self.group, greedy=True, masks=masks)

    def computed(self, seen: Floats) -> Floats:
        """Return what the actor's network puts out: (E, n, inputs) -> (E, n, K), a new array."""
        return self._actor.outputs_of(seen)

    def _finished(self, outputs: Array) -> Array:
        made = self._architecture
        if made.log_std is None:
            return outputs
        logs = np.atleast_2d(self.parameters[..., made.log_std.at])  # (R, K)
        spread = np.repeat(np.exp(logs), len(outputs) // len(logs), axis=0)[:, None]
        return np.concatenate([outputs, np.broadcast_to(spread, outputs.shape)], axis=-1)


def as_action(group: Group, chosen: NDArray[Any]) -> Array:
    """Bring what was chosen into the group's space, as SB3 does: counted up, or cut to bounds."""
    space: Any = group.action_space
    if isinstance(space, Box):
        cut = np.clip(chosen.reshape(*chosen.shape[:2], *space.shape), space.low, space.high)
        return np.asarray(cut, dtype=space.dtype)
    start = int(space.start)
    return chosen + start if start else chosen
