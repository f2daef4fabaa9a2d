"""The smallest world that has a geometry: walkers on a ring, who see how far off the others are."""

from collections.abc import Sequence

import numpy as np
from gymnasium.spaces import Box, Discrete

from rallypoint.batch_env import (
    Actions,
    Geometry,
    Group,
    Mask,
    Observations,
    Step,
    check_actions,
    refuse_ended,
)
from rallypoint.safety.conformance.proving_ground import ProvingGround

_CELLS = 7
_STEPS = 12


class ProvingRing(ProvingGround):
    """Walkers on a ring of seven cells, paid for how many stand where they stand.

    Actions: 0 stay, 1 one cell on, 2 one back. A walker sees how many stand d cells ahead, for d in
    0 … 6, itself included. For threats and defences that ask who is where.
    """

    offers = frozenset({"state", "regions", "remove", "snapshot", "geometry"})

    def __init__(self, *, copies: int | Sequence[int] = 4, walkers: int = 5) -> None:
        """Set up a ring; copies are how many, or the global id of each."""
        super().__init__(copies=copies, walkers=walkers, gliders=0)
        self.id = "proving-ring-v0"
        agents = tuple(f"walker_{index}" for index in range(walkers))
        seen = Box(0.0, float(walkers), (_CELLS,), np.float32)
        self.groups = (Group("walkers", agents, seen, Discrete(3)),)
        self.noop = {"walkers": 0}

    def reset(self, seed: int | None = None, mask: Mask | None = None) -> Observations:
        """Put everybody on the ring; see ``ProvingGround.reset``."""
        super().reset(seed, mask)
        rows = np.ones(self.num_copies, dtype=bool) if mask is None else mask
        self.places[rows] = np.floor((self.places[rows] + 2) * _CELLS / 4)  # drawn from [-2, 2)
        return self._observe()

    def step(self, actions: Actions) -> Step:
        """Move everybody who is on the ring."""
        if self.ended.any():
            refuse_ended(self.id, self.ended)
        check_actions(self.groups, self.num_copies, actions)
        moves = np.array([0, 1, -1])[actions["walkers"]]
        self.places = np.where(self.living, (self.places + moves) % _CELLS, self.places)
        self.time = self.time + 1
        seen = self._observe()
        rewards = np.where(self.living, seen["walkers"][..., 0], 0.0).astype(np.float64)
        truncated = self.living & (self.time >= _STEPS)[:, None]
        terminated = np.zeros_like(self.living)
        step = Step(seen, rewards, terminated, truncated, self.alive, {})
        self.ended = step.ended
        return step

    def geometry(self) -> Geometry:
        """Cells, ring distances, what entries speak of, and where actions lead."""
        ahead = np.arange(_CELLS)
        distance = np.minimum(ahead, _CELLS - ahead)
        return Geometry(
            positions=np.where(self.living, self.places, -1).astype(np.int64)[..., None],
            distances=distance[(ahead[:, None] - ahead) % _CELLS],
            offsets=np.where(ahead <= _CELLS // 2, ahead, ahead - _CELLS)[:, None],
            sides=np.array([_CELLS]),
            leads_to=(ahead + np.array([[0], [1], [-1]])) % _CELLS,
        )

    def _observe(self) -> Observations:
        cells = self.places.astype(np.int64)
        ahead = (cells[:, None, :] - cells[:, :, None]) % _CELLS  # (E, observer, other)
        both = self.living[:, None, :] & self.living[:, :, None]
        seen = ((ahead[..., None] == np.arange(_CELLS)) & both[..., None]).sum(axis=2)
        return {"walkers": seen.astype(np.float32)}
