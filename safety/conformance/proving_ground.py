"""The smallest world in which a threat can be tried: two groups, one of each kind of action."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete

from rallypoint.batch_env import (
    Actions,
    Array,
    BatchEnv,
    Group,
    Mask,
    Observations,
    Snapshot,
    Step,
    check_actions,
)
from rallypoint.draws import Draws
from rallypoint.errors import EpisodeEnded, InvalidConfig, NotReset
from rallypoint.safety.enforcement.nested import nested, part_of

_EDGE = 3.0
_STEPS = 12
_KEPT = ("places", "time", "living", "ended")


class ProvingGround(BatchEnv):
    """Walkers and gliders on a line: they move, are paid for being near 0, and may fall off.

    Walkers choose 0 stay, 1 up, 2 down by half a unit; gliders move by half the sum of two numbers
    in [-1, 1]. An agent sees its place, the mean place of the living, and how many live; gliders
    also see the time. Beyond ±3 an agent falls, which terminates its part.
    """

    offers = frozenset({"state", "regions", "remove", "snapshot"})

    def __init__(
        self, *, copies: int | Sequence[int] = 4, walkers: int = 3, gliders: int = 2
    ) -> None:
        """Set up a line; copies are how many, or the global id of each."""
        self.id = "proving-ground-v0"
        ids = range(copies) if isinstance(copies, int) else copies
        self.copies = np.array(list(ids), dtype=np.int64)
        self.time_limit = _STEPS
        self.groups = (
            _group("walker", walkers, 3, Discrete(3)),
            _group("glider", gliders, 4, Box(-1.0, 1.0, (2,), np.float32)),
        )
        self.noop = {"walkers": 0, "gliders": np.zeros(2, dtype=np.float32)}
        self._seed: int | None = None
        num_copies, num_agents = len(self.copies), walkers + gliders
        self.places = np.zeros((num_copies, num_agents))
        self.time = np.zeros(num_copies, dtype=np.int64)
        self.living = np.zeros((num_copies, num_agents), dtype=bool)
        self.ended = np.zeros(num_copies, dtype=bool)

    @property
    def seed(self) -> int:
        """The seed of the last seeded reset."""
        if self._seed is None:
            raise NotReset("the proving ground has no seed before its first reset")
        return self._seed

    @property
    def alive(self) -> Mask:
        """Who is on the line: (E, N)."""
        return self.living.copy()

    def reset(self, seed: int | None = None, mask: Mask | None = None) -> Observations:
        """Put everybody on the line; without a seed, the first episodes are those of seed 0."""
        every = np.ones(len(self.copies), dtype=bool)
        rows = every if mask is None else checked_mask(mask, every.shape)
        if (seed is not None or self._seed is None) and not rows.all():
            raise InvalidConfig("the first reset, and one with a seed, start every copy")
        if seed is not None or self._seed is None:
            self._open(seed or 0)
        else:
            self._draws.begin_episode(rows)
        drawn = self._draws.random((self.num_agents,), rows)
        self.places[rows] = 4 * drawn - 2
        self.time[rows] = 0
        self.living[rows] = True
        self.ended[rows] = False
        return self._observe()

    def step(self, actions: Actions) -> Step:
        """Move everybody who is on the line."""
        if self._seed is None:
            raise NotReset("the proving ground must be reset before its first step")
        if self.ended.any():
            raise EpisodeEnded("a copy of the proving ground has ended; reset it first")
        check_actions(self.groups, len(self.copies), actions)
        walks = np.array([0.0, 0.5, -0.5])[actions["walkers"]]
        glides = actions["gliders"].sum(axis=-1, dtype=np.float64) / 2
        moves = np.concatenate([walks, glides], axis=1)
        self.places = np.where(self.living, self.places + moves, self.places)
        self.time = self.time + 1
        terminated = self.living & (np.abs(self.places) > _EDGE)
        rewards = np.where(self.living, -np.abs(self.places), 0.0)
        self.living = self.living & ~terminated
        truncated = self.living & (self.time >= _STEPS)[:, None]
        step = Step(self._observe(), rewards, terminated, truncated, self.alive, {})
        self.ended = step.ended
        return step

    def close(self) -> None:
        """Release nothing."""

    def state(self) -> Array:
        """Where everybody is: (E, N)."""
        return self.places.copy()

    def regions(self) -> dict[str, Mask]:
        """Who stands on each side of the line, more than a unit from its middle: (E, N)."""
        return {
            "high": self.living & (self.places > 1),
            "low": self.living & (self.places < -1),
        }

    def remove(self, mask: Mask) -> Observations:
        """Take agents off the line."""
        self.living = self.living & ~checked_mask(mask, self.living.shape)
        self.ended = self.ended | ~np.any(self.living, axis=1)
        return self._observe()

    def snapshot(self) -> Snapshot:
        """Return everything to go on from."""
        kept = {name: getattr(self, name).copy() for name in _KEPT}
        return kept | {"seed": np.array(self.seed)} | nested("draws", self._draws.snapshot())

    def restore(self, snapshot: Snapshot) -> Observations:
        """Go on from a snapshot."""
        self._open(int(snapshot["seed"]))
        self._draws.restore(part_of(snapshot, "draws"))
        for name in _KEPT:
            setattr(self, name, snapshot[name].copy())
        return self._observe()

    def _open(self, seed: int) -> None:
        self._seed = seed
        self._draws = Draws(seed, "proving-ground/world", self.copies, ahead=1)

    def _observe(self) -> Observations:
        count = np.count_nonzero(self.living, axis=1)[:, None]
        mean = np.where(self.living, self.places, 0.0).sum(axis=1)[:, None] / np.maximum(count, 1)
        seen = np.stack(
            np.broadcast_arrays(self.places, mean, count, self.time[:, None]), axis=-1
        ).astype(np.float32)
        walkers = len(self.groups[0].agents)
        return {"walkers": seen[:, :walkers, :3].copy(), "gliders": seen[:, walkers:].copy()}


def checked_mask(mask: Any, shape: tuple[int, ...]) -> Mask:
    """Return a mask if it is one of that shape.

    Raises:
        InvalidConfig: says what came.
    """
    if not isinstance(mask, np.ndarray) or mask.shape != shape or mask.dtype != bool:
        raise InvalidConfig(f"a mask is a bool array {shape}, got {mask!r}")
    return mask


def _group(name: str, size: int, entries: int, actions: Any) -> Group:
    agents = tuple(f"{name}_{index}" for index in range(size))
    return Group(f"{name}s", agents, Box(-99.0, 99.0, (entries,), np.float32), actions)
