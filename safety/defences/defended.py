"""Defences around a policy, and around the world that a learner meets."""

from collections.abc import Sequence
from typing import Any

from rallypoint.batch_env import (
    Actions,
    Array,
    BatchEnv,
    Mask,
    Observations,
    Snapshot,
    Step,
    check_actions,
)
from rallypoint.draws import Draws
from rallypoint.policies import Policy
from rallypoint.safety.defences import Defence
from rallypoint.safety.sight import Sight
from rallypoint.wrapper import BatchWrapper


class _Guard:
    """Some defences, one after another, and how each group's percepts are read."""

    def __init__(self, defences: Sequence[Defence], env: BatchEnv) -> None:
        self._defences = tuple(defences)
        self._sight = {group.name: Sight.of(env, group) for group in env.groups}
        spaces: dict[str, Any] = {group.name: group.action_space for group in env.groups}
        self._first = {name: int(space.start) for name, space in spaces.items()}

    def perceive(self, observations: Observations) -> Observations:
        """Return what is looked at in the place of what is seen."""
        perceived = {}
        for name, seen in observations.items():
            perceived[name] = seen
            for defence in self._defences:
                perceived[name] = defence.perceive(perceived[name], self._sight[name])
        return perceived

    def decide(self, actions: Actions, observations: Observations) -> Actions:
        """Return what is done in the place of what was chosen."""
        return {name: self._decided(name, chosen, observations) for name, chosen in actions.items()}

    def _decided(self, name: str, chosen: Array, observations: Observations) -> Array:
        counted = chosen - self._first[name]
        for defence in self._defences:
            counted = defence.decide(counted, observations[name], self._sight[name])
        decided: Array = (counted + self._first[name]).astype(chosen.dtype)
        return decided


class DefendedPolicy:
    """A policy whose agents defend themselves; it acts in worlds like the one it was made for."""

    def __init__(self, policy: Policy, defences: Sequence[Defence], env: BatchEnv) -> None:
        """Defend a policy; the world must have been reset.

        Raises:
            NotOffered, InvalidConfig: the world does not say what percepts mean; see ``Sight``.
        """
        self._policy = policy
        self._guard = _Guard(defences, env)
        if hasattr(policy, "begin_episode"):  # only one that remembers is told of starts
            self.begin_episode = policy.begin_episode

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Choose actions on what the defences leave of percepts, as far as they let them be."""
        chosen = self._policy.act(self._guard.perceive(observations), draws)
        return self._guard.decide(chosen, observations)


class Defended(BatchWrapper):
    """A world whose agents defend themselves, whoever chooses for them: to learn in.

    What is observed is what the defences leave of it, and what is done is what they let be.
    """

    def __init__(self, env: BatchEnv, defences: Sequence[Defence]) -> None:
        """Put defences between a world, or a threatened one, and who acts in it.

        Raises:
            NotOffered, InvalidConfig: the world does not say what percepts mean; see ``Sight``.
        """
        super().__init__(env)
        self._seen: Observations = {}
        self._guard = _Guard(defences, env)

    def reset(self, seed: int | None = None, mask: Mask | None = None) -> Observations:
        """Start new episodes; see ``BatchEnv.reset``."""
        return self._looked_at(self.env.reset(seed, mask))

    def step(self, actions: Actions) -> Step:
        """Advance every copy by one step; see ``BatchEnv.step``."""
        if self._seen:  # else the world says that it must be reset
            # Here, and not only in the world: defences look up what moves do.
            check_actions(self.groups, self.num_copies, actions)
            actions = self._guard.decide(actions, self._seen)
        step = self.env.step(actions)
        return step._replace(observations=self._looked_at(step.observations))

    def remove(self, mask: Mask) -> Observations:
        """Take agents out of the world; see ``BatchEnv.remove``."""
        return self._looked_at(self.env.remove(mask))

    def restore(self, snapshot: Snapshot) -> Observations:
        """Go on from a snapshot; see ``BatchEnv.restore``."""
        return self._looked_at(self.env.restore(snapshot))

    def _looked_at(self, observations: Observations) -> Observations:
        self._seen = observations
        return self._guard.perceive(observations)
