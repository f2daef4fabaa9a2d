"""One copy of a world with one agent as a gymnasium.Env."""

from typing import Any

import gymnasium
import numpy as np

from rallypoint.batch_env import Array, BatchEnv, Mask
from rallypoint.envs.views.whole_episodes import refuse_autoreset
from rallypoint.errors import InvalidAction, InvalidConfig

_HIDDEN = ("true_observations/", "byzantine")


class SingleView(gymnasium.Env[Any, Any]):
    """A world of one copy and one agent, as Gymnasium's and SB3's single-agent code expects it.

    The info holds ``action_mask`` where the world offers one, and every info of the world but,
    under threats, true observations and who is Byzantine: a learner could cheat. The options of
    ``reset`` are not used. The world itself is ``batch_env``.
    """

    def __init__(self, env: BatchEnv) -> None:
        """Show a world.

        Raises:
            InvalidConfig: it has more than one copy, or more than one agent.
        """
        if env.num_copies != 1 or env.num_agents != 1:
            raise InvalidConfig(
                f"a gymnasium.Env is one copy with one agent, and this {env.id} has "
                f"{env.num_copies} with {env.num_agents}; VectorView and Sb3View show every agent "
                "of every copy as a row, ParallelView one copy with all its agents"
            )
        self.batch_env = env
        (self._group,) = env.groups
        self.observation_space = self._group.observation_space
        self.action_space = self._group.action_space
        self.metadata = dict(env.metadata)
        self.render_mode = env.render_mode
        self._offers_mask = "action_mask" in env.offers

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Start the next episode or, with a seed, the first."""
        super().reset(seed=seed, options=options)
        observations = self.batch_env.reset(seed)
        return observations[self._group.name][0, 0], self._info({})

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Move on; an agent that was removed is reported as terminated.

        Raises:
            EpisodeEnded: the episode is over and was not reset.
            InvalidAction: the action is outside its space.
            InvalidConfig: the world starts anew by itself.
        """
        if np.shape(action) != self.action_space.shape:
            raise InvalidAction(f"an action is in {self.action_space}, got {action!r}")
        step = self.batch_env.step({self._group.name: np.asarray(action)[None, None]})
        refuse_autoreset(self.batch_env, step)
        truncated = bool(step.truncated[0, 0] and not step.terminated[0, 0])
        terminated = bool(step.terminated[0, 0] or not (truncated or step.alive[0, 0]))
        return (
            step.observations[self._group.name][0, 0],
            float(step.rewards[0, 0]),
            terminated,
            truncated,
            self._info(step.infos),
        )

    def action_masks(self) -> Mask:
        """Which discrete actions are allowed now, as sb3-contrib asks for it.

        Raises:
            NotOffered: the world does not tell.
        """
        mask: Mask = self.batch_env.action_mask()[self._group.name][0, 0]
        return mask

    def render(self) -> Any:
        """Draw in the render mode given at construction."""
        return self.batch_env.render(0)

    def close(self) -> None:
        """Release what the world holds."""
        self.batch_env.close()

    def _info(self, infos: dict[str, Array]) -> dict[str, Any]:
        info = {
            name: values[0, 0] if values.shape[1:2] == (1,) else values[0]
            for name, values in infos.items()
            if not name.startswith(_HIDDEN)
        }
        if self._offers_mask:
            # int8, as the sample() of Gymnasium's spaces asks for.
            info["action_mask"] = self.action_masks().astype(np.int8)
        return info
