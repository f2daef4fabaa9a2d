"""Every agent of every copy as a row of a Gymnasium VectorEnv."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from rallypoint.batch_env import Array, BatchEnv, Mask
from rallypoint.envs.views.slots import Rows, Slots
from rallypoint.errors import InvalidConfig
from rallypoint.policies import Policy

Infos = dict[str, Any]


class VectorView(VectorEnv[Any, Any, Any]):
    """A world as E * n rows, row copy * n + agent, that start anew within the same step.

    That is ``AutoresetMode.SAME_STEP``: where a row has ended, ``infos["final_obs"]`` has what was
    last seen, ``infos["final_info"]`` what was told with it, and the observation is of the next
    episode. Rows of an agent that has left or is yet to arrive are filler, marked in
    ``infos["filler"]``; ``slots`` says more about them, and has the share of them.

    ``infos`` also has ``action_mask`` where the world offers one, and every info of the world. The
    option ``reset_mask`` of ``reset`` starts whole copies anew. The world itself is ``batch_env``.
    """

    def __init__(
        self, env: BatchEnv, *, group: str | None = None, others: Policy | None = None
    ) -> None:
        """Show a world, or one group of it while a policy plays the others.

        Raises:
            InvalidConfig: it has several groups, and it is not said which to show.
        """
        self.batch_env = env
        self.slots = Slots(env, group=group, others=others)
        self.num_envs = self.slots.num_rows
        self.single_observation_space = self.slots.group.observation_space
        self.single_action_space = self.slots.group.action_space
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)
        self.metadata = {**env.metadata, "autoreset_mode": AutoresetMode.SAME_STEP}
        self.render_mode = env.render_mode
        self._offers_mask = "action_mask" in env.offers

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Array, Infos]:
        """Start the next episodes or, with a seed, the first ones.

        Raises:
            InvalidConfig: there are several seeds, or the option ``reset_mask`` splits a copy.
        """
        if seed is not None and not isinstance(seed, int | np.integer):
            raise InvalidConfig(
                f"one seed is enough for all rows, since each copy draws from its own stream; got "
                f"{seed!r}"
            )
        mask = (options or {}).get("reset_mask")
        copies = None if mask is None else self._whole_copies(np.asarray(mask))
        observations = self.slots.reset(seed, copies)
        return observations, self._masks()

    def step(self, actions: Any) -> tuple[Array, NDArray[np.float64], Mask, Mask, Infos]:
        """Move every row on; return observations, rewards, terminated, truncated and infos."""
        rows = self.slots.step(actions)
        infos: Infos = {"filler": rows.filler} if rows.filler.any() else {}
        infos |= {f"_{name}": np.ones(self.num_envs, dtype=bool) for name in infos}
        infos |= _marked(rows.infos, ~rows.done) | self._masks()
        if rows.done.any():
            infos |= _final(rows)
        return rows.observations, rows.rewards, rows.terminated, rows.truncated, infos

    def render(self) -> tuple[Any, ...]:
        """Draw each copy in the render mode given at construction."""
        return tuple(self.batch_env.render(copy) for copy in range(self.batch_env.num_copies))

    def close_extras(self, **kwargs: Any) -> None:
        """Release what the world holds."""
        del kwargs  # in the signature because Gymnasium's callers pass them
        self.batch_env.close()

    def _masks(self) -> Infos:
        if not self._offers_mask:
            return {}
        masks = self.slots.action_masks().astype(np.int8)
        return _marked({"action_mask": masks}, np.ones(self.num_envs, dtype=bool))

    def _whole_copies(self, mask: Array) -> Mask:
        if mask.shape != (self.num_envs,) or mask.dtype != bool:
            raise InvalidConfig(
                f"reset_mask is a bool array ({self.num_envs},), got {mask.dtype} {mask.shape}"
            )
        by_copy = mask.reshape(self.batch_env.num_copies, -1)
        if (by_copy.any(axis=1) != by_copy.all(axis=1)).any():
            raise InvalidConfig(
                "the agents of a copy share one world and start anew together: reset_mask must "
                "have all rows of a copy, or none"
            )
        copies: Mask = by_copy[:, 0]
        return copies


def _marked(infos: Mapping[str, Any], where: Mask) -> Infos:
    """Say of each info for which rows it counts, as Gymnasium's own vectors do."""
    return {**infos, **{f"_{name}": where for name in infos}}


def _final(rows: Rows) -> Infos:
    done = rows.done
    last = np.full(len(done), None, dtype=object)
    for row in np.flatnonzero(done).tolist():
        last[row] = rows.last[row]
    final: Infos = {"final_obs": last, "final_info": _marked(rows.infos, done)}
    return _marked(final, done)
