"""A replay buffer that takes what agents did, and nothing in the place of the gone."""

from typing import Any

import numpy as np
from stable_baselines3.common.buffers import ReplayBuffer
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

from rallypoint.batch_env import Array
from rallypoint.envs.views.sb3 import Sb3View
from rallypoint.errors import InvalidConfig


def keep_the_living(model: OffPolicyAlgorithm, view: Sb3View) -> None:
    """Make an off-policy algorithm leave filler out of its replay buffer.

    Raises:
        InvalidConfig: it has a buffer of another kind, such as one for several-step returns.
    """
    plain = model.replay_buffer
    if type(plain) is not ReplayBuffer or plain.optimize_memory_usage:
        raise InvalidConfig(
            f"filler can be left out of SB3's ordinary replay buffer only, got "
            f"{type(plain).__name__}: others need the rows of an agent to follow each other; "
            "leave out n_steps, replay_buffer_class and optimize_memory_usage"
        )
    model.replay_buffer = LivingReplayBuffer(model.buffer_size, plain, view)


class LivingReplayBuffer(ReplayBuffer):
    """Transitions of all agents in one line, so that who is gone takes no room."""

    def __init__(self, size: int, like: ReplayBuffer, view: Sb3View) -> None:
        """Hold so many transitions of the kind that another buffer holds."""
        super().__init__(
            size,
            like.observation_space,
            like.action_space,
            like.device,
            handle_timeout_termination=like.handle_timeout_termination,
        )
        self._view = view

    def add(  # noqa: PLR0917  # SB3's signature
        self,
        obs: Array,
        next_obs: Array,
        action: Array,
        reward: Array,
        done: Array,
        infos: list[dict[str, Any]],
    ) -> None:
        """Take the transitions of those who were there."""
        del infos  # all they could tell is in the rows
        rows = self._view.rows
        lived = np.flatnonzero(~rows.filler)[-self.buffer_size :]
        places = (self.pos + np.arange(len(lived))) % self.buffer_size
        seen = (len(done), *self.obs_shape)
        self.observations[places, 0] = obs.reshape(seen)[lived]
        self.next_observations[places, 0] = next_obs.reshape(seen)[lived]
        self.actions[places, 0] = action.reshape(len(done), self.action_dim)[lived]
        self.rewards[places, 0] = reward[lived]
        self.dones[places, 0] = done[lived]
        if self.handle_timeout_termination:
            self.timeouts[places, 0] = rows.truncated[lived]
        self.full |= self.pos + len(lived) >= self.buffer_size
        self.pos = (self.pos + len(lived)) % self.buffer_size
