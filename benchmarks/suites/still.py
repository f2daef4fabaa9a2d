"""A VecEnv that costs nothing: what is left of learning when the environment is free."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete
from stable_baselines3.common.vec_env import VecEnv


class StillVecEnv(VecEnv):
    """Spaces as the torus has them; everybody sees zeros, for ever."""

    def __init__(self, num_rows: int) -> None:
        """Make what every step returns."""
        super().__init__(num_rows, Box(0.0, 1.0, (25,), np.float32), Discrete(5))
        self._seen = np.zeros((num_rows, 25), dtype=np.float32)
        self._rewards = np.zeros(num_rows, dtype=np.float32)
        self._done = np.zeros(num_rows, dtype=bool)
        self._infos: list[dict[str, Any]] = [{} for _ in range(num_rows)]

    def reset(self) -> Any:
        """Return what is always seen."""
        return self._seen

    def step_async(self, actions: Any) -> None:
        """Do nothing."""

    def step_wait(self) -> tuple[Any, Any, Any, list[dict[str, Any]]]:
        """Return what every step returns."""
        return self._seen, self._rewards, self._done, self._infos

    def close(self) -> None:
        """Do nothing."""

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """Return nothing."""
        del attr_name, indices
        return [None] * self.num_envs

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Do nothing."""

    def env_method(
        self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any
    ) -> list[Any]:
        """Return nothing."""
        del method_name, method_args, indices, method_kwargs
        return [None] * self.num_envs

    def env_is_wrapped(self, wrapper_class: type[Any], indices: Any = None) -> Sequence[bool]:
        """Return that it is not."""
        del wrapper_class, indices
        return [False] * self.num_envs
