"""From what an attacker does to the lie that its victim is told."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from gymnasium.spaces import Box, Discrete

from rallypoint.batch_env import Array, BatchEnv, Group
from rallypoint.config import Config
from rallypoint.draws import Draws, Floats
from rallypoint.policies import DifferentiablePolicy, acting_for
from rallypoint.safety.perception.ascent import Climb
from rallypoint.safety.perception.ledger import Measure
from rallypoint.safety.perception.objectives import towards
from rallypoint.wrapper import BatchWrapper


class Decoder(Protocol):
    """What an attacker's actions are, and what they mean."""

    def space(self, measure: Measure) -> "Box | Discrete":
        """Return the space of actions of an attacker of one member of the group."""
        ...

    def lies(self, actions: Array, truths: Array, rooms: Floats, measure: Measure) -> Array:
        """Return what victims are shown, no further off than their rooms: (e, n, …)."""
        ...


@dataclass(frozen=True)
class Pushes(Config):
    """An action is the lie itself: an offset in shares of the reach, or which neighbour is shown.

    Source: the adversary of Zhang, Chen, Boning & Hsieh (2021), "Robust Reinforcement Learning on
    State Observations with Learned Optimal Adversary", ICLR, arXiv:2101.08452.
    """

    def space(self, measure: Measure) -> Box | Discrete:
        """Return a box in [-1, 1], or a number of a few: 0 is the truth, k the k-th neighbour."""
        if measure.neighbours is not None:
            return Discrete(1 + int(measure.neighbours.sum(axis=1).max()))
        shape: Any = measure.group.observation_space.shape
        return Box(-1.0, 1.0, shape, np.float32)

    def lies(self, actions: Array, truths: Array, rooms: Floats, measure: Measure) -> Array:
        """Push; who names a neighbour that is none shows the truth."""
        if measure.neighbours is not None:
            return _neighbours(actions, truths, measure)
        offsets = actions.astype(np.float64)
        room = np.minimum(rooms, 1e9).reshape(*rooms.shape, *(1,) * (truths.ndim - 2))
        if measure.reach.norm == "l2":
            axes = tuple(range(2, truths.ndim))
            lengths = np.sqrt((offsets * offsets).sum(axis=axes, keepdims=True))
            offsets = offsets / np.maximum(lengths, 1.0)
        lies = truths + room * measure.units * offsets
        return measure.confined(lies, truths, rooms)


@dataclass(frozen=True)
class Directs:
    """An action is a direction in which the policy's choice is to be moved; the lie is climbed for.

    A direction has as many entries as there are actions, instead of as many as a percept has: a
    small problem for whoever learns.

    Source: PA-AD, Sun, Zheng, Liang & Huang (2022), ICLR, arXiv:2106.05087.
    """

    policy: DifferentiablePolicy  # or one with a part for each group
    climb: Climb

    def space(self, measure: Measure) -> Box | Discrete:
        """Return a box in [-1, 1] with an entry for each action, or each entry of one."""
        done: Any = measure.group.action_space
        size = int(done.n) if isinstance(done, Discrete) else int(np.prod(done.shape))
        return Box(-1.0, 1.0, (size,), np.float32)

    def lies(self, actions: Array, truths: Array, rooms: Floats, measure: Measure) -> Array:
        """Climb in the direction."""
        policy = acting_for(self.policy, measure.group.name)
        objective = towards(policy.reads, actions.astype(np.float64))
        lies = self.climb.lies(
            policy, objective, truths, rooms=rooms, measure=measure, draws=_NO_DRAWS
        )
        return measure.confined(lies, truths, rooms)


class Seats(BatchWrapper):
    """A world whose agents do what attackers do: what their policies are read for."""

    def __init__(self, env: BatchEnv, groups: tuple[Group, ...]) -> None:
        """Put other groups in the place of a world's own."""
        super().__init__(env)
        self.groups = groups


def _neighbours(actions: Array, truths: Array, measure: Measure) -> Array:
    assert measure.neighbours is not None
    first = int(getattr(measure.group.observation_space, "start", 0))
    # Ranked: the k-th neighbour of a number is where so many have been counted.
    ranked = np.where(measure.neighbours, measure.neighbours.cumsum(axis=1), 0)  # (P, P)
    mine = ranked[truths - first] == actions[..., None]  # (e, n, P)
    named = mine.any(axis=-1) & (actions > 0)
    lies: Array = np.where(named, mine.argmax(axis=-1) + first, truths).astype(truths.dtype)
    return lies


_NO_DRAWS = Draws(0, "perception/none", [])  # a climb that begins at the truth draws nothing
