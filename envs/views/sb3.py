"""Every agent of every copy as a row of a Stable-Baselines3 VecEnv."""

import time
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from gymnasium.spaces import Discrete, MultiBinary, MultiDiscrete
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import VecEnv

from rallypoint.batch_env import Array, BatchEnv, Mask
from rallypoint.draws import check_seed
from rallypoint.envs.views.slots import Rows, Slots
from rallypoint.errors import InvalidConfig
from rallypoint.policies import Policy

Indices = int | Iterable[int] | None


class Sb3View(VecEnv):
    """A world as E * n rows, row copy * n + agent, that start anew within the same step.

    Infos are as SB3 has them: ``terminal_observation`` and ``TimeLimit.truncated`` where a row is
    done, so that a time limit bootstraps, and ``episode`` with return and length where that was an
    agent's episode, so that neither Monitor nor VecMonitor is needed. Rows of an agent that has
    left or is yet to arrive are filler, with ``info["filler"]``; see ``slots`` about them, and for
    the share of them. ``rows`` has everything of the last step as arrays.

    What else the world tells is in ``rows.infos``, and in the infos of rows as far as it is asked
    for: a dict for each agent would cost more than many a world's step.

    The world itself is ``batch_env``; it is what ``get_attr``, ``set_attr`` and ``env_method``
    speak to, once for all rows.
    """

    # True where a learner reads truncated rows from `rows` itself. Infos then leave
    # TimeLimit.truncated out, which spares SB3's own loop of one forward pass a row.
    bootstraps_itself = False

    rows: Rows  # of the last step

    def __init__(
        self,
        env: BatchEnv,
        *,
        group: str | None = None,
        others: Policy | None = None,
        infos: Sequence[str] = (),
    ) -> None:
        """Show a world, or one group of it while a policy plays the others.

        Args:
            env: the world.
            group: whom to show, where there are several groups.
            others: who plays the rest.
            infos: names of the world's infos that rows are to have, such as ``"interrupted"``.

        Raises:
            InvalidConfig: the world has several groups, and it is not said which to show.
        """
        self.batch_env = env
        self._asked = tuple(infos)
        self.slots = Slots(env, group=group, others=others)
        shown = self.slots.group
        super().__init__(
            self.slots.num_rows,
            counted_from_zero(shown.observation_space),
            counted_from_zero(shown.action_space),
        )
        self._first_action = _first(shown.action_space)
        self._first_observation = _first(shown.observation_space)
        self._action_dtype = self.action_space.dtype
        # SB3 hands over floats for these.
        self._takes_floats = isinstance(self.action_space, MultiBinary)
        self._seed: int | None = None
        self._began = time.time()
        self._returns = np.zeros(self.num_envs)
        self._lengths = np.zeros(self.num_envs, dtype=np.int64)

    @property
    def filler_share(self) -> float:
        """The share of filler in all rows since the last seeded reset."""
        return self.slots.filler_share

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Seed the next reset; one seed does for all rows. Without one it goes on to the next."""
        self._seed = None if seed is None else check_seed(seed)
        return [seed] * self.num_envs

    def reset(self) -> Array:
        """Start the next episode in every copy or, once after ``seed``, the first."""
        observations = self.slots.reset(self._seed)
        self._seed = None
        self._returns[:] = 0
        self._lengths[:] = 0
        if self._first_observation is not None:
            observations = observations - self._first_observation
        return observations

    def step_async(self, actions: Array) -> None:
        """Take the actions of the step that ``step_wait`` makes."""
        if self._takes_floats:
            actions = actions.astype(self._action_dtype)
        self._actions = actions if self._first_action is None else actions + self._first_action

    def step_wait(self) -> tuple[Array, Array, Mask, list[dict[str, Any]]]:
        """Move every row on; return observations, rewards, done and infos."""
        rows = self.slots.step(self._actions)
        if self._first_observation is not None:
            rows = rows._replace(
                observations=rows.observations - self._first_observation,
                last=rows.last - self._first_observation,
            )
        self.rows = rows
        self._returns += rows.rewards
        self._lengths += ~rows.filler
        done = rows.done
        infos = self._infos(rows, done)
        self._returns[done] = 0
        self._lengths[done] = 0
        return rows.observations, rows.rewards.astype(np.float32), done, infos

    def _infos(self, rows: Rows, done: Mask) -> list[dict[str, Any]]:
        # New ones each time: users and wrappers write to them, and keep them.
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for name in self._asked:
            for info, value in zip(infos, rows.infos.get(name, ()), strict=False):
                info[name] = value
        for row in np.flatnonzero(rows.filler).tolist():
            infos[row]["filler"] = True
        if done.any():
            self._tell_ends(infos, rows, np.flatnonzero(done))
        return infos

    def _tell_ends(self, infos: list[dict[str, Any]], rows: Rows, ends: Array) -> None:
        now = round(time.time() - self._began, 6)
        for row, last, cut, filler, earned, length in zip(
            ends.tolist(),
            rows.last[ends],
            rows.truncated[ends].tolist(),
            rows.filler[ends].tolist(),
            self._returns[ends].tolist(),
            self._lengths[ends].tolist(),
            strict=True,
        ):
            info = infos[row]
            info["terminal_observation"] = last
            if not self.bootstraps_itself:
                info["TimeLimit.truncated"] = cut
            if not filler:
                info["episode"] = {"r": earned, "l": length, "t": now}

    def action_masks(self) -> Mask:
        """Which discrete actions each row allows now, as sb3-contrib asks for it."""
        return self.slots.action_masks()

    def get_attr(self, attr_name: str, indices: Indices = None) -> list[Any]:
        """Return an attribute of the world, once for each row asked for."""
        if attr_name == "action_masks":  # sb3-contrib looks for it, and then calls it
            if "action_mask" not in self.batch_env.offers:
                raise AttributeError(f"{self.batch_env.id} offers no action_mask")
            return [self.action_masks] * len(list(self._get_indices(indices)))
        return [getattr(self.batch_env, attr_name)] * len(list(self._get_indices(indices)))

    def set_attr(self, attr_name: str, value: Any, indices: Indices = None) -> None:
        """Set an attribute of the world.

        Raises:
            InvalidConfig: it is meant for some rows only.
        """
        self._refuse_some_rows(f"set_attr({attr_name!r}, …)", indices)
        setattr(self.batch_env, attr_name, value)

    def env_method(
        self, method_name: str, *method_args: Any, indices: Indices = None, **method_kwargs: Any
    ) -> list[Any]:
        """Call a method of the world, once, and return what it says for each row.

        Raises:
            InvalidConfig: it is meant for some rows only, and is not ``action_masks``.
        """
        if method_name == "action_masks":
            return list(self.action_masks()[list(self._get_indices(indices))])
        self._refuse_some_rows(f"env_method({method_name!r}, …)", indices)
        said = getattr(self.batch_env, method_name)(*method_args, **method_kwargs)
        return [said] * self.num_envs

    def env_is_wrapped(self, wrapper_class: type[Any], indices: Indices = None) -> list[bool]:
        """Say yes to Monitor, whose work is done here, and no to all others."""
        # SB3 asks only to know whether infos tell an agent's own episodes. They do, and they tell
        # no filler: evaluate_policy then leaves it out.
        return [wrapper_class is Monitor] * len(list(self._get_indices(indices)))

    def get_images(self) -> Sequence[Array | None]:
        """Draw each copy."""
        return [self.batch_env.render(copy) for copy in range(self.batch_env.num_copies)]

    def close(self) -> None:
        """Release what the world holds."""
        self.batch_env.close()

    def _refuse_some_rows(self, what: str, indices: Indices) -> None:
        if set(self._get_indices(indices)) != set(range(self.num_envs)):
            raise InvalidConfig(
                f"{what} is for all rows: they are agents of one world, which has no part that "
                "belongs to some of them; leave indices out"
            )


def counted_from_zero(space: Any) -> Any:
    """Return the space as SB3 can take it, which counts from 0."""
    if isinstance(space, Discrete):
        return Discrete(space.n)
    if isinstance(space, MultiDiscrete):
        return MultiDiscrete(space.nvec, dtype=space.dtype)
    return space


def _first(space: Any) -> Any:
    """Return what a space counts from, or None where that is 0 or it does not count."""
    start = getattr(space, "start", 0)
    return start if np.any(start) else None
