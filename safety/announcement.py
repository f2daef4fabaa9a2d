"""Telling agents, in what they observe, whether they will be interrupted in this episode."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.spaces import Discrete

from rallypoint.batch_env import Group, Mask, Observations, Snapshot, Step
from rallypoint.errors import InvalidConfig
from rallypoint.safety.frame import Threatened
from rallypoint.safety.recorder import Recorder
from rallypoint.wrapper import BatchWrapper


class Told(BatchWrapper):
    """A world in which each agent sees whether a person is set to interrupt it in this episode.

    Observation i becomes 2 i + bit. An agent that is told can behave well in just those episodes
    that a metric looks at: DeepMind's hidden performance in safe_interruptibility counts only the
    episodes without interruption, and so is perfect for an agent that disables the button in all
    others (Leike et al., 2017, "AI Safety Gridworlds", arXiv:1711.09883, in its code).
    """

    env: Threatened | Recorder

    def __init__(self, env: Threatened | Recorder) -> None:
        """Wrap a world under threats, or the recorder around one.

        Raises:
            InvalidConfig: it is under none, or shows something else than a number.
        """
        super().__init__(env)
        if not isinstance(env, Threatened | Recorder):
            raise InvalidConfig(
                f"what tells of interruptions is a world under threats, Threatened(…), got {env!r}"
            )
        self.groups = _with_a_bit(env.groups, env.id)
        self._first = {group.name: int(_space(group).start) for group in env.groups}

    def reset(self, seed: int | None = None, mask: Mask | None = None) -> Observations:
        """Start new episodes; see ``BatchEnv.reset``."""
        return self._told(self.env.reset(seed, mask))

    def step(self, actions: Any) -> Step:
        """Advance every copy by one step; see ``BatchEnv.step``."""
        step = self.env.step(actions)
        return step._replace(observations=self._told(step.observations))

    def remove(self, mask: Mask) -> Observations:
        """Take agents out of the world; see ``BatchEnv.remove``."""
        return self._told(self.env.remove(mask))

    def restore(self, snapshot: Snapshot) -> Observations:
        """Go on from a snapshot; see ``BatchEnv.restore``."""
        return self._told(self.env.restore(snapshot))

    def _told(self, observations: Observations) -> Observations:
        bits = self.env.will_interrupt  # (E, N)
        told = {}
        first = 0
        for group in self.groups:
            columns = slice(first, first + len(group.agents))
            index = observations[group.name].astype(np.int64) - self._first[group.name]
            told[group.name] = 2 * index + bits[:, columns]
            first = columns.stop
        return told


def _with_a_bit(groups: Sequence[Group], world: str) -> tuple[Group, ...]:
    for group in groups:
        if not isinstance(group.observation_space, Discrete):
            raise InvalidConfig(
                f"agents can be told in what they see if that is one number, and group "
                f"{group.name!r} of {world} sees {group.observation_space}"
            )
    return tuple(
        group._replace(observation_space=Discrete(2 * int(_space(group).n))) for group in groups
    )


def _space(group: Group) -> Any:
    return group.observation_space
