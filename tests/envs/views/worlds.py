"""Small worlds in which it is written down who comes and goes when."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete, MultiBinary, MultiDiscrete

from rallypoint.batch_env import Group, Step
from rallypoint.envs.batch import World

NEVER = 10**6


class Schedule(World):
    """Agent i arrives at step ``arrives[i]`` and dies in step ``dies[i]`` of every episode.

    It sees (steps taken, its index, whether it is there) and earns 1 a step while it is there,
    and 1 more for action 1. The dead of the world see -1.
    """

    def __init__(
        self,
        *,
        copies: Any = 1,
        dies: Sequence[int] = (NEVER, NEVER),
        arrives: Sequence[int] | None = None,
        cut: Sequence[int] | None = None,
        max_cycles: int | None = 8,
        actions: Any = None,
        render_mode: str | None = None,
    ) -> None:
        self.render_mode = render_mode
        self.metadata = {"render_modes": ["rgb_array", "human", "ansi"], "render_fps": 10}
        agents = tuple(f"agent_{i}" for i in range(len(dies)))
        seen = Box(-1.0, 1e6, (3,), np.float32)
        super().__init__(
            "schedule-v0",
            [Group("agents", agents, seen, Discrete(2) if actions is None else actions)],
            copies=copies,
            time_limit=max_cycles,
        )
        self._dies = np.array(dies)
        self._arrives = np.zeros(len(dies), int) if arrives is None else np.array(arrives)
        self._cut = np.full(len(dies), NEVER) if cut is None else np.array(cut)
        self.taken = []

    def _start(self, mask):
        self._alive[mask] = self._arrives == 0
        self._bonus = np.zeros(self._alive.shape)

    def _advance(self, actions):
        actions = actions["agents"]
        self.taken.append(actions.copy())
        time = self._elapsed[:, None] + 1
        terminated = self._alive & (time == self._dies)
        rewards = self._alive * (1.0 + actions.reshape(*self._alive.shape, -1)[..., 0])
        self._alive = self._alive | (time == self._arrives)
        return (
            rewards,
            terminated,
            {"doubled": 2 * self._elapsed, "number": time + np.arange(len(self._dies))},
        )

    def step(self, actions) -> Step:
        # Cut short alone, as agents of other people's worlds are.
        step = super().step(actions)
        truncated = step.truncated | ((self._elapsed[:, None] == self._cut) & step.alive)
        return step._replace(truncated=truncated)

    def _observe(self):
        seen = np.empty((*self._alive.shape, 3), np.float32)
        seen[..., 0] = self._elapsed[:, None]
        seen[..., 1] = np.arange(seen.shape[1])
        seen[..., 2] = self._alive
        seen[~self._alive] = -1
        return {"agents": seen}

    def render(self, copy=0):
        if self.render_mode == "rgb_array":
            return np.full((4, 6, 3), copy, np.uint8)
        self.drawn = copy
        return None


class Match(World):
    """Pays 1 for the action that is the number seen: what a policy learns in seconds.

    Other spaces of actions are counted from their first.
    """

    def __init__(
        self,
        *,
        copies: Any = 1,
        num_agents: int = 2,
        max_cycles: int = 8,
        actions: Any = None,
        only: int | None = None,
    ) -> None:
        agents = tuple(f"agent_{i}" for i in range(num_agents))
        self.space = Discrete(3, start=5) if actions is None else actions
        if isinstance(self.space, Discrete):
            self.offers = frozenset({"action_mask"})
        super().__init__(
            "match-v0",
            [Group("agents", agents, Box(0.0, 1.0, (3,), np.float32), self.space)],
            copies=copies,
            time_limit=max_cycles,
        )
        self._only = only

    def _start(self, mask):
        self._draw()

    def _draw(self):
        self._target = self._draws.integers(3, (self.num_agents,))

    def _advance(self, actions):
        came = actions["agents"]
        if isinstance(self.space, Discrete):
            right = came - self.space.start == self._target
        elif isinstance(self.space, MultiDiscrete):
            right = (came - self.space.start == self._target[..., None]).all(axis=-1)
        elif isinstance(self.space, MultiBinary):
            right = came[..., 0] == (self._target > 0)
        else:
            right = -np.abs(came[..., 0] - (self._target - 1.0))
        self._draw()
        return right.astype(np.float64), np.zeros(self._alive.shape, bool), {}

    def _observe(self):
        return {"agents": np.eye(3, dtype=np.float32)[self._target]}

    def action_mask(self):
        masks = np.ones((*self._alive.shape, 3), bool)
        if self._only is not None:
            masks[:] = np.arange(3) == self._only
        return {"agents": masks}


class Teams(World):
    """Two groups with spaces of their own; the runners die in step 3, the chasers go on to 6."""

    def __init__(self, *, copies: Any = 1, max_cycles: int = 6) -> None:
        runners = Group("runners", ("r0", "r1"), Box(0.0, 9.0, (2,), np.float32), Discrete(2))
        chasers = Group("chasers", ("c0",), Box(0.0, 9.0, (1,), np.float32), Discrete(3))
        super().__init__("teams-v0", [runners, chasers], copies=copies, time_limit=max_cycles)
        self.taken = []

    def _start(self, mask):
        del mask

    def _advance(self, actions):
        self.taken.append({name: values.copy() for name, values in actions.items()})
        terminated = np.zeros(self._alive.shape, bool)
        terminated[:, :2] = (self._elapsed == 2)[:, None]
        rewards = np.broadcast_to([1.0, 2.0, 4.0], self._alive.shape).copy()
        infos = {f"done/{name}": values for name, values in actions.items()}
        return rewards, terminated & self._alive, infos

    def _observe(self):
        time = self._elapsed.astype(np.float32)[:, None, None]
        return {"runners": np.tile(time, (1, 2, 2)), "chasers": np.tile(time, (1, 1, 1))}
