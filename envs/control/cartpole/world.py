"""A pole on a cart that is pushed to the left or to the right."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray

from rallypoint.batch_env import Actions, Array, Group, Mask, Observations
from rallypoint.envs.batch import Copies
from rallypoint.envs.control.cartpole.dynamics import ANGLE_LIMIT, POSITION_LIMIT, moved
from rallypoint.envs.drawing.drawn_world import DrawnWorld, Marks

if TYPE_CHECKING:
    from rallypoint.envs.drawing.canvas import Frame

_SPREAD = 0.05  # each number of the state starts in ±0.05


class CartPole(DrawnWorld):
    """One agent keeps a pole upright by pushing the cart under it.

    Actions: 0 to the left, 1 to the right. Observation: position of the cart, its velocity, angle
    of the pole, its angular velocity (float32; metres, radians, seconds). Reward: 1 for each step,
    the last one included. The episode ends when the pole leans more than 12 degrees or the cart is
    more than 2.4 m from the middle, and is cut after 500 steps.

    Source: Barto, Sutton & Anderson (1983); the numbers are those of Gymnasium's CartPole-v1, step
    for step, but for the draws with which an episode begins.
    """

    offers = frozenset({"state"})
    metadata: Mapping[str, Any] = {**DrawnWorld.metadata, "render_fps": 50}
    _state_arrays = ("_state",)

    def __init__(
        self, *, copies: Copies = 1, max_cycles: int = 500, render_mode: str | None = None
    ) -> None:
        """Set up carts.

        Args:
            copies: how many, or the global id of each.
            max_cycles: steps in an episode.
            render_mode: "rgb_array", "human" or "ansi".
        """
        high = np.array([2 * POSITION_LIMIT, np.inf, 2 * ANGLE_LIMIT, np.inf], dtype=np.float32)
        super().__init__(
            "cartpole-v1",
            [Group("agents", ("agent_0",), Box(-high, high), Discrete(2))],
            copies=copies,
            time_limit=max_cycles,
            draws_ahead=1,  # drawn from once an episode
            render_mode=render_mode,
        )
        self._state = np.zeros((len(self.copies), 4))

    def _start(self, mask: Mask) -> None:
        self._state[mask] = _SPREAD * (2 * self._draws.random((4,), mask) - 1)

    def _advance(self, actions: Actions) -> tuple[NDArray[np.float64], Mask, dict[str, Array]]:
        self._state = moved(self._state, actions["agents"][:, 0])
        position, angle = self._state[:, 0], self._state[:, 2]
        fallen = (np.abs(position) > POSITION_LIMIT) | (np.abs(angle) > ANGLE_LIMIT)
        return np.ones((len(self.copies), 1)), fallen[:, None], {}

    def _observe(self) -> Observations:
        return {"agents": self._state.astype(np.float32)[:, None]}

    def state(self) -> Array:
        """Position, velocity, angle and angular velocity, unrounded: (E, 4)."""
        return self._state.copy()

    def _draw(self, copy: int, marks: Marks, size: int) -> "Frame":
        from rallypoint.envs.control.cartpole.picture import draw

        step, limit = int(self._elapsed[copy]), self.time_limit
        return draw(self._state[copy], marks=marks, step=step, time_limit=limit, size=size)

    def _describe(self, copy: int, marks: Marks) -> str:
        from rallypoint.envs.control.cartpole.picture import describe

        step, limit = int(self._elapsed[copy]), self.time_limit
        return describe(self._state[copy], marks=marks, step=step, time_limit=limit)
