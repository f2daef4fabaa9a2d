"""What each interface asks for, in the fewest lines: the floor under the cost of a view.

Nothing is checked, nobody may leave early, every copy ends by the time limit at once, and there is
no account of returns.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from pettingzoo import ParallelEnv

from rallypoint.batch_env import BatchEnv, Step
from rallypoint.envs.batch import autoreset


class BareParallel(ParallelEnv[str, Any, Any]):
    """Arrays to dicts and back."""

    def __init__(self, world: BatchEnv) -> None:
        """Show a world of one copy."""
        self._world = world
        self.possible_agents = list(world.agents)
        self.metadata = {"name": world.id, "is_parallelizable": True}

    def observation_space(self, agent: str) -> Any:
        """Return what everybody sees."""
        del agent
        return self._world.groups[0].observation_space

    def action_space(self, agent: str) -> Any:
        """Return what everybody can do."""
        del agent
        return self._world.groups[0].action_space

    def reset(self, seed: int | None = None, options: Any = None) -> tuple[Any, ...]:
        """Start the next episode."""
        del options
        seen = self._world.reset(seed)["agents"][0]
        self.agents = list(self.possible_agents)
        return self._by_agent(seen), {agent: {} for agent in self.agents}

    def step(self, actions: Mapping[str, Any]) -> tuple[Any, ...]:
        """Move on."""
        chosen = np.array([[actions[agent] for agent in self.possible_agents]])
        step = self._world.step({"agents": chosen})
        if step.ended[0]:
            self.agents = []
        return (
            self._by_agent(step.observations["agents"][0]),
            self._by_agent(step.rewards[0].tolist()),
            self._by_agent(step.terminated[0].tolist()),
            self._by_agent(step.truncated[0].tolist()),
            {agent: {} for agent in self.possible_agents},
        )

    def _by_agent(self, values: Any) -> dict[str, Any]:
        return dict(zip(self.possible_agents, values, strict=True))


class BareRows:
    """Every agent of every copy as a row."""

    def __init__(self, world: BatchEnv) -> None:
        """Show a world."""
        self._world = autoreset(world)
        self._shape = (world.num_copies, world.num_agents)
        self.num_envs = world.num_copies * world.num_agents

    def reset(self, seed: int | None = None) -> Any:
        """Start the next episodes."""
        return self._rows(self._world.reset(seed)["agents"])

    def _rows(self, seen: Any) -> Any:
        return seen.reshape(self.num_envs, -1)

    def _step(self, actions: Any) -> Step:
        return self._world.step({"agents": actions.reshape(self._shape)})

    def _last(self, step: Step) -> Any:
        return self._rows(step.infos["final_observations/agents"])


class BareVectorEnv(BareRows):
    """As Gymnasium has it: two flags, and what was last seen where a row has ended."""

    def step(self, actions: Any) -> tuple[Any, ...]:
        """Move on."""
        step = self._step(actions)
        over, cut = step.terminated.reshape(-1), step.truncated.reshape(-1)
        infos: dict[str, Any] = {}
        if (over | cut).any():
            infos["final_obs"] = np.full(self.num_envs, None, dtype=object)
            infos["final_obs"][:] = list(self._last(step))
            infos["_final_obs"] = over | cut
        return self._rows(step.observations["agents"]), step.rewards.reshape(-1), over, cut, infos


class BareVecEnv(BareRows):
    """As SB3 has it: a dict for every row."""

    def step(self, actions: Any) -> tuple[Any, ...]:
        """Move on."""
        step = self._step(actions)
        cut = step.truncated.reshape(-1)
        done = step.terminated.reshape(-1) | cut
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        if done.any():
            last = self._last(step)
            for row in np.flatnonzero(done):
                infos[row]["terminal_observation"] = last[row]
                infos[row]["TimeLimit.truncated"] = bool(cut[row])
        rewards = step.rewards.reshape(-1).astype(np.float32)
        return self._rows(step.observations["agents"]), rewards, done, infos


class BareSingle:
    """One agent alone, as Gymnasium has it."""

    def __init__(self, world: BatchEnv) -> None:
        """Show a world of one copy and one agent."""
        self._world = world

    def reset(self, seed: int | None = None) -> tuple[Any, dict[str, Any]]:
        """Start the next episode."""
        return self._world.reset(seed)["agents"][0, 0], {}

    def step(self, action: int) -> tuple[Any, ...]:
        """Move on."""
        step = self._world.step({"agents": np.array([[action]])})
        return (
            step.observations["agents"][0, 0],
            float(step.rewards[0, 0]),
            bool(step.terminated[0, 0]),
            bool(step.truncated[0, 0]),
            {},
        )
