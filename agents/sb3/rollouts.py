"""Rollout buffers of SB3 that hold what agents did, and nothing in the place of the gone.

SB3 collects a row from every agent at every step. Rows of an agent that has left, or is yet to
arrive, are filler; learning from them would mix what nobody did into advantages, losses and the
numbers that are logged. They are needed until advantages are computed (they stand apart by the
``done`` on either side), and left out then.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import torch
from gymnasium.spaces import MultiBinary
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm

from rallypoint.batch_env import Array, Mask
from rallypoint.envs.views.sb3 import Sb3View
from rallypoint.errors import InvalidConfig

_MEMORY = ("hidden_states_", "cell_states_")  # (T, layers, R, units), as RecurrentPPO keeps it


def keep_the_living(model: OnPolicyAlgorithm, view: Sb3View) -> None:
    """Make an on-policy algorithm leave filler out, and bootstrap time limits in one pass."""
    buffer = model.rollout_buffer
    # In place: RecurrentPPO chooses the class of its buffer itself.
    buffer.__class__ = _living(type(buffer))
    assert isinstance(buffer, _LivingRows)
    buffer.view = view
    buffer.whole = (buffer.buffer_size, buffer.n_envs)
    if not hasattr(model.policy, "lstm_actor"):  # its values need its memory, which SB3 has
        buffer.value_of = _values(model)
        view.bootstraps_itself = True
    buffer.reset()


class _LivingRows(RolloutBuffer):
    """What a rollout buffer does differently; mixed into the class that it has."""

    view: Sb3View
    whole: tuple[int, int]  # (T, R) with filler
    value_of: Callable[[Array], Array] | None = None

    def reset(self) -> None:
        self.buffer_size, self.n_envs = self.whole
        super().reset()
        if isinstance(self.action_space, MultiBinary):
            # RecurrentPPO hands actions over as they are kept, and torch wants such as floats.
            self.actions = self.actions.astype(np.float32)
        self.lived: Mask = np.ones(self.whole, dtype=bool)
        self.row_starts = np.zeros(self.whole)
        self.row_starts[0] = 1

    def add(self, obs: Array, action: Array, reward: Array, *rest: Any, **extra: Any) -> None:
        rows = self.view.rows
        self.lived[self.pos] = ~rows.filler
        if self.value_of is not None and rows.truncated.any():
            reward[rows.truncated] += self.gamma * self.value_of(rows.last[rows.truncated])
        super().add(obs, action, reward, *rest, **extra)

    def compute_returns_and_advantage(self, last_values: torch.Tensor, dones: Array) -> None:
        super().compute_returns_and_advantage(last_values, dones)
        if not self.lived.all():
            self._leave_filler_out()

    def _get_samples(self, batch_inds: Array, *rest: Any) -> Any:
        # RecurrentPPO cuts sequences where the next row of the world begins, and would look for
        # these places where they were before filler was left out.
        if rest and rest[0] is not None and np.shape(rest[0]) == self.row_starts.shape:
            rest = (self.row_starts, *rest[1:])
        return super()._get_samples(batch_inds, *rest)

    def _leave_filler_out(self) -> None:
        lived = self.lived.T  # (R, T): row by row, the order that SB3 brings all into
        num_lived = int(np.count_nonzero(lived))
        if num_lived == 0:
            raise InvalidConfig(
                f"no agent was there in a whole rollout of {self.whole[0]} steps, so there is "
                "nothing to learn from; raise n_steps"
            )
        for name, array in list(vars(self).items()):
            if name.startswith(_MEMORY):
                kept = array.transpose(2, 0, 1, 3)[lived]
                setattr(self, name, kept[:, :, None])  # (lived, layers, 1, units)
            elif isinstance(array, np.ndarray) and array.shape[:2] == self.whole:
                setattr(self, name, array.swapaxes(0, 1)[lived][:, None])  # (lived, 1, …)
        self.buffer_size, self.n_envs = num_lived, 1


@cache
def _living(kind: type[RolloutBuffer]) -> type[RolloutBuffer]:
    return type(f"Living{kind.__name__}", (_LivingRows, kind), {})


def _values(model: OnPolicyAlgorithm) -> Callable[[Array], Array]:
    def values(observations: Array) -> Array:
        seen, _ = model.policy.obs_to_tensor(observations)
        with torch.no_grad():
            found: Array = model.policy.predict_values(seen).cpu().numpy()
        return found.reshape(-1)

    return values
