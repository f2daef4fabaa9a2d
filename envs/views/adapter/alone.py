"""A Gymnasium environment as a PettingZoo one with a single agent."""

from typing import Any

import gymnasium
from pettingzoo import ParallelEnv

from rallypoint.errors import NotConformant

AGENT = "agent_0"
_BEGUN = "observation", "info"
_MOVED = "observation", "reward", "terminated", "truncated", "info"


class Alone(ParallelEnv[str, Any, Any]):
    """One agent in a ``gymnasium.Env``; it is gone when the episode is over."""

    def __init__(self, env: gymnasium.Env[Any, Any]) -> None:
        """Put the agent's name on everything."""
        self.env = env
        self.metadata = {**(env.metadata or {})}
        self.render_mode = env.render_mode
        self.possible_agents = [AGENT]
        self.agents: list[str] = []

    @property
    def unwrapped(self) -> Any:
        """The innermost environment."""
        return self.env.unwrapped

    def observation_space(self, agent: str) -> Any:
        """Return the environment's, for its only agent."""
        del agent
        return self.env.observation_space

    def action_space(self, agent: str) -> Any:
        """Return the environment's, for its only agent."""
        del agent
        return self.env.action_space

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Begin an episode.

        Raises:
            NotConformant: what came back is not what Gymnasium promises.
        """
        observation, info = self._promised(
            "reset", _BEGUN, self.env.reset(seed=seed, options=options)
        )
        self.agents = [AGENT]
        return {AGENT: observation}, {AGENT: info}

    def step(
        self, actions: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any]]:
        """Move on.

        Raises:
            NotConformant: what came back is not what Gymnasium promises.
        """
        observation, reward, terminated, truncated, info = self._promised(
            "step", _MOVED, self.env.step(actions[AGENT])
        )
        if terminated or truncated:
            self.agents = []
        return (
            {AGENT: observation},
            {AGENT: reward},
            {AGENT: terminated},
            {AGENT: truncated},
            {AGENT: info},
        )

    def render(self) -> Any:
        """Draw in the render mode given at construction."""
        return self.env.render()

    def close(self) -> None:
        """Close the environment."""
        self.env.close()

    def _promised(self, name: str, entries: tuple[str, ...], told: Any) -> tuple[Any, ...]:
        if isinstance(told, tuple) and len(told) == len(entries):
            return told
        what = f"a tuple of {len(told)}" if isinstance(told, tuple) else type(told).__name__
        raise NotConformant(
            f"{type(self.env.unwrapped).__name__}: {name}() must return ({', '.join(entries)}), as "
            f"Gymnasium's do since 0.26, and returns {what}"
        )
