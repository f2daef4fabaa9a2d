"""One update of a contributor, from fixed parameters: learners of ``agents.gradient``."""

from typing import Any

import numpy as np

from rallypoint.agents.assessment.minibatches import Experience
from rallypoint.agents.gradient.actor_critic import ActorCritic
from rallypoint.agents.gradient.architecture import Architecture, Parameters
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.following import flattened
from rallypoint.agents.gradient.fragment import Fragment
from rallypoint.agents.gradient.learners import GradientLearner
from rallypoint.agents.gradient.optimisers import Moments
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.batch_env import Actions, Array, Group, Mask, Observations
from rallypoint.draws import Draws, Floats
from rallypoint.errors import InvalidConfig


class FrozenContributor:
    """A policy-gradient learner at some parameters, and its server's optimiser as it stands.

    Each replicate is a contributor of its own, so that all updates come from one backward pass.
    """

    books = "executed"

    def __init__(
        self,
        learner: GradientLearner,
        group: Group,
        parameters: Parameters,
        probes: Array,
        moments: Moments | None = None,
    ) -> None:
        """Freeze a learner.

        Args:
            learner: how updates are estimated.
            group: for whom.
            parameters: (d,).
            probes: (P, …) observations at which outputs are looked at.
            moments: of the server's optimiser, (1, d) each; as at its start if not given.

        Raises:
            InvalidConfig: one step is nothing that it could learn from.
        """
        self._architecture = architecture_of(learner, group)
        if np.shape(parameters) != (self._architecture.size,):
            raise InvalidConfig(
                f"parameters are ({self._architecture.size},) for this policy, got "
                f"{np.shape(parameters)}"
            )
        self._learner, self._group = learner, group
        self._parameters = np.asarray(parameters, dtype=np.float32)
        self._networks = ActorCritic(self._architecture)
        self._policy = GradientPolicy(self._architecture, self._parameters, group)
        self._probes = flattened(group, probes)  # (P, inputs)
        self._moments = moments

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Choose as the policy does."""
        return self._policy.act(observations, draws)

    def keeps(self, experience: Experience) -> Mask:
        """Learn from every step, interrupted or not."""
        return np.ones(len(experience.rewards), dtype=bool)

    def changes(self, experience: Experience, num_replicates: int) -> Floats:
        """Return how outputs change by one update of each replicate: (R, k)."""
        contributors = Contributors(who="workers", count=num_replicates)
        at = self._parameters[None]
        batch = self._learner.prepare(self._networks, at, self._fragment(experience), contributors)
        updates = self._learner.gradient(self._networks, at, batch)[0]  # (R, d)
        limit = self._learner.max_norm
        if limit is not None:
            norms = np.linalg.norm(updates, axis=1, keepdims=True)
            updates = updates * np.minimum(1, limit / np.maximum(norms, limit))
        before = np.broadcast_to(self._parameters, updates.shape)
        optimiser = self._learner.server_optimiser
        moments = optimiser.init(before)
        if self._moments is not None:
            moments = {k: np.broadcast_to(v, updates.shape) for k, v in self._moments.items()}
        rate = self._learner.learning_rate
        moved = optimiser.step(before, updates, moments, rate, 0).parameters
        return self._outputs(moved) - self._outputs(at)

    def _fragment(self, experience: Experience) -> Fragment:
        """Put single steps of single agents into a fragment: (1, M, 1, …)."""
        seen, after = (
            flattened(self._group, part) for part in (experience.seen, experience.next_seen)
        )
        space: Any = self._group.action_space
        actions = experience.actions
        if hasattr(space, "start"):
            actions = actions.astype(np.int64) - int(space.start)
        else:
            actions = actions.reshape(len(actions), -1).astype(np.float32)
        cut = np.flatnonzero(experience.truncated)
        places = np.stack([np.zeros_like(cut), cut, np.zeros_like(cut)], axis=1)
        return Fragment(
            seen=seen[None, :, None],
            actions=actions[None, :, None],
            rewards=experience.rewards.astype(np.float32)[None, :, None],
            acting=np.ones((1, len(seen), 1), dtype=bool),
            terminated=experience.terminated[None, :, None],
            truncated=experience.truncated[None, :, None],
            cut=places,
            cut_seen=after[cut],
            last_seen=after[:, None],
        )

    def _outputs(self, parameters: Parameters) -> Floats:
        """Return what actor and critic say of the probes: (R, d) -> (R, k)."""
        runs, count = len(parameters), len(self._probes)
        shown = np.broadcast_to(self._probes, (runs, *self._probes.shape))
        policy = GradientPolicy(self._architecture, parameters, self._group)
        outputs = policy.computed(shown.reshape(runs * count, 1, -1)).reshape(runs, -1)
        if not self._architecture.critic:
            return outputs.astype(np.float64)
        values = self._networks.values(parameters, shown)
        return np.concatenate([outputs, values], axis=1).astype(np.float64)


def architecture_of(learner: GradientLearner, group: Group) -> Architecture:
    """Return the networks of a learner that can be assessed step by step.

    Raises:
        InvalidConfig: it cannot; says why.
    """
    if learner.whole_episodes:
        raise InvalidConfig(
            f"{type(learner).__name__} learns from whole episodes, and which states they lead "
            "through depends on interruptions for every learner; one with a critic can be assessed "
            "step by step, such as a2c or ppo"
        )
    if learner.central_critic:
        raise InvalidConfig(
            "a central critic sees more than the agent, and steps of single agents are compared; "
            "leave central_critic out"
        )
    return learner.architecture(group)
