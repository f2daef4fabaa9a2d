"""Small environments of other people's, well behaved or spoilt in one place."""

import copy
from collections.abc import Callable
from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Tuple
from pettingzoo import ParallelEnv

COMES, DIES, LEAVES, LIMIT = 2, 3, 4, 6


class Toy(ParallelEnv):
    """Two wolves and a sheep; what they see is chance, and what they do is written down.

    ``spoil(time, told, env)`` may change what a step returns; time 0 is the reset.
    """

    metadata: ClassVar = {"name": "toy_v0", "render_modes": ["rgb_array"]}
    names = ("wolf_0", "sheep_0", "wolf_1")

    def __init__(self, spoil: Callable[..., Any] | None = None, render_mode: str | None = None):
        self.possible_agents = list(self.names)
        self.agents = []
        self.render_mode = render_mode
        self.closed = 0
        self.acted = []
        self._spoil = spoil or (lambda time, told, env: told)
        self._spaces = {
            name: (Box(0, 1, (2,), np.float32), Discrete(3, start=-1))
            if name.startswith("wolf")
            else (Box(-1, 1, (3,), np.float64), MultiDiscrete([2, 3]))
            for name in self.names
        }

    def observation_space(self, agent):
        return self._spaces[agent][0]

    def action_space(self, agent):
        return self._spaces[agent][1]

    def reset(self, seed=None, options=None):
        self._rng = np.random.default_rng(seed)
        self.time = 0
        self.agents = self.starters()
        return self._spoil(0, (self.observe(self.agents), {a: {} for a in self.agents}), self)

    def starters(self):
        return list(self.names)

    def observe(self, agents):
        return {
            a: self._rng.random(space.shape).astype(space.dtype)
            for a in agents
            for space in [self.observation_space(a)]
        }

    def step(self, actions):
        assert list(actions) == self.agents
        self.acted.append(actions)
        self.time += 1
        acted = list(self.agents)
        terminated, truncated, arrivals = self.events(acted)
        self.agents = [a for a in acted if not (terminated[a] or truncated[a])] + arrivals
        told = (
            self.observe(acted + arrivals),
            {a: float(self.time) for a in acted},
            terminated,
            truncated,
            {a: {} for a in acted},
        )
        return self._spoil(self.time, told, self)

    def events(self, acted):
        return dict.fromkeys(acted, False), dict.fromkeys(acted, self.time >= LIMIT), []

    def render(self):
        return np.full((4, 4, 3), self.time, dtype=np.uint8)

    def close(self):
        self.closed += 1


class Comings(Toy):
    """wolf_1 comes late, wolf_0 dies, sheep_0 is truncated alone, and wolf_1 by the limit."""

    def starters(self):
        return ["wolf_0", "sheep_0"]

    def events(self, acted):
        arrivals = ["wolf_1"] if self.time == COMES else []
        terminated = {a: a == "wolf_0" and self.time == DIES for a in acted}
        truncated = {
            a: (a == "sheep_0" and self.time == LEAVES) or self.time == LIMIT for a in acted
        }
        return terminated, truncated, arrivals


class Nested(gymnasium.Env):
    """A Dict of everything that fits into arrays, with a mask."""

    observation_space = Dict(
        {
            "camera": Box(0, 255, (2, 2, 3), np.uint8),
            "goal": Tuple((Discrete(3, start=1), MultiDiscrete([2, 3]))),
            "position": Box(-1, 1, (2,), np.float32),
            "switches": MultiBinary(3),
            "action_mask": Box(0, 1, (4,), np.int8),
        }
    )
    action_space = Discrete(4)

    def __init__(self):
        self.observation_space = copy.deepcopy(type(self).observation_space)  # with its generator

    def _told(self):
        self.seen = self.observation_space.sample()
        self.seen["action_mask"][self.time % 4] = 1
        return self.seen

    def reset(self, seed=None, options=None):
        super().reset(seed=seed)
        self.observation_space.seed(seed)
        self.time = 0
        return self._told(), {}

    def step(self, action):
        assert self.seen["action_mask"][action]
        self.time += 1
        return self._told(), 1.0, False, self.time == LIMIT, {}


class Levers(gymnasium.Env):
    """MultiDiscrete actions, and as observation the last ones."""

    observation_space = MultiDiscrete([3, 4], start=[0, 2])
    action_space = MultiDiscrete([3, 4], start=[0, 2])

    def reset(self, seed=None, options=None):
        super().reset(seed=seed)
        return self.np_random.integers([0, 2], [3, 6]), {}

    def step(self, action):
        return action, float(action[0]), bool(self.np_random.random() < 0.1), False, {}
