"""A small world as somebody else might write it: two groups, a late arrival, early deaths.

Boats row on seven cells and may sink; gulls fly over them, and the last of them arrives late.
"""

from typing import Any, ClassVar

import numpy as np
from gymnasium.spaces import Box, Discrete

from rallypoint.batch_env import Actions, Geometry, Group, Mask
from rallypoint.envs.batch import Copies, World

CELLS = 7
BOATS = ("boat_0", "boat_1")
GULLS = ("gull_0", "gull_1", "gull_2")
ARRIVAL = 3  # the step at which gull_2 is first there
SINKS = 0.05  # a boat, in each step


class Harbour(World):
    offers = frozenset({"state", "action_mask", "cost", "geometry", "regions", "remove"})
    cost_names = ("collision",)
    metadata: ClassVar = {"render_modes": ["rgb_array", "ansi"], "render_fps": 5}
    _state_arrays = ("_cells", "_places")

    def __init__(self, *, copies: Copies = 1, max_cycles: int = 12, render_mode: str | None = None):
        boats = Group("boats", BOATS, Box(0, CELLS, (2,), np.int64), Discrete(3, start=-1))
        gulls = Group("gulls", GULLS, Box(-99, 99, (2,), np.float32), Box(-1, 1, (2,), np.float32))
        super().__init__("lab/harbour-v0", [boats, gulls], copies=copies, time_limit=max_cycles)
        self.noop = {"boats": 0, "gulls": np.zeros(2, dtype=np.float32)}
        self.render_mode = render_mode
        self._cells = np.zeros((self.num_copies, 2), dtype=np.int64)
        self._places = np.zeros((self.num_copies, 3, 2), dtype=np.float32)

    def _start(self, mask):
        self._cells[mask] = self._draws.integers(CELLS, (2,), mask)
        self._places[mask] = self._draws.random((3, 2), mask)
        self._alive[mask, -1] = False

    def _advance(self, actions: Actions):
        acted = self._alive
        afloat, aloft = acted[:, :2], acted[:, 2:, None]
        self._cells = np.clip(self._cells + np.where(afloat, actions["boats"], 0), 0, CELLS - 1)
        wind = self._draws.random((3, 2)).astype(np.float32)
        flight = np.where(aloft, actions["gulls"] + wind - np.float32(0.5), 0)
        self._places = np.clip(self._places + flight, -99, 99)
        terminated = np.zeros(acted.shape, dtype=bool)
        terminated[:, :2] = afloat & (self._draws.random((2,)) < SINKS)
        rewards = np.concatenate([self._cells, -np.abs(self._places).sum(axis=-1)], axis=1)
        self._alive = acted.copy()
        self._alive[self._elapsed + 1 == ARRIVAL, -1] = True
        return np.where(acted, rewards, 0.0), terminated, {"wind": wind}

    def _observe(self):
        return {
            "boats": np.stack([self._cells, self._cells[:, ::-1]], 2),
            "gulls": self._places.copy(),
        }

    def state(self):
        return np.concatenate([self._cells, self._places.reshape(-1, 6)], axis=1)

    def action_mask(self) -> dict[str, Mask]:
        ends = [self._cells > 0, np.ones_like(self._cells, dtype=bool), self._cells < CELLS - 1]
        return {"boats": np.stack(ends, axis=2)}

    def cost(self):
        together = (self._cells[:, :1] == self._cells[:, 1:]) & self._alive[:, :2]
        return np.concatenate([together, np.zeros((self.num_copies, 3))], axis=1)[..., None]

    def geometry(self):
        cells = np.concatenate(
            [self._cells, np.zeros((self.num_copies, 3), dtype=np.int64)], axis=1
        )
        ahead = np.arange(CELLS)
        return Geometry(
            np.where(self._alive, cells, -1)[..., None],
            np.abs(ahead[:, None] - ahead),
            np.zeros((2, 1), dtype=np.int64),
            np.array([CELLS]),
            np.clip(ahead + np.array([[-1], [0], [1]]), 0, CELLS - 1),
        )

    def regions(self) -> dict[str, Mask]:
        moored = np.concatenate([self._cells == 0, np.zeros((self.num_copies, 3), bool)], axis=1)
        return {"pier": moored & self._alive, "sky": self._alive & (np.arange(5) > 1)}

    def remove(self, mask):
        self._leave(mask)
        return self._observe()

    def render(self, copy: int = 0) -> Any:
        if self.render_mode == "ansi":
            return " ".join(map(str, self._cells[copy]))
        picture = np.zeros((4, CELLS, 3), dtype=np.uint8)
        picture[2, self._cells[copy]] = 255
        return picture
