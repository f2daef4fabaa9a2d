"""What comes back: of the promised shape and type, and inside the promised space."""

from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete, MultiBinary, MultiDiscrete

from rallypoint.batch_env import Array, BatchEnv, Group, Mask, Step
from rallypoint.envs.conformance.faults import whose
from rallypoint.errors import NotConformant


def check_step(env: BatchEnv, step: Any, when: str) -> None:
    """Check everything that a step returned, but not who is seen to live.

    Raises:
        NotConformant: names the array, and the entry where one is wrong.
    """
    if not isinstance(step, Step):
        raise NotConformant(f"step() must return a Step, and returns a {type(step).__name__}")
    shape = (env.num_copies, env.num_agents)
    _check_array("rewards", step.rewards, shape, np.float64, when)
    for name in ("terminated", "truncated", "alive"):
        _check_array(name, getattr(step, name), shape, np.bool_, when)
    if not np.isfinite(step.rewards).all():
        index = np.argwhere(~np.isfinite(step.rewards))[0]
        reward = step.rewards[tuple(index)]
        raise NotConformant(f"the reward of {whose(env.agents, index)} at {when} is {reward}")
    if not isinstance(step.infos, dict):
        raise NotConformant(
            f"infos must be a dict, and are a {type(step.infos).__name__} at {when}"
        )
    for name, values in step.infos.items():
        if not isinstance(values, np.ndarray) or values.shape[:1] != (env.num_copies,):
            came = f"array {values.shape}" if isinstance(values, np.ndarray) else repr(values)
            raise NotConformant(
                f"infos[{name!r}] must be an array with first axis {env.num_copies}, one row a "
                f"copy, and is {came} at {when}"
            )


def check_observations(env: BatchEnv, observations: Any, counts: Mask, when: str) -> None:
    """Check observations, those of the agents (E, N) that count against their space.

    Raises:
        NotConformant: names the array, and the entry where one is wrong.
    """
    names = [group.name for group in env.groups]
    if not isinstance(observations, dict) or list(observations) != names:
        came = list(observations) if isinstance(observations, dict) else type(observations).__name__
        raise NotConformant(
            f"observations must be a dict of the groups {names}, and are {came} at {when}"
        )
    first = 0
    for group in env.groups:
        of_group = slice(first, first := first + len(group.agents))
        _check_group(group, observations[group.name], counts[:, of_group], when)


def _check_group(group: Group, seen: Any, counts: Mask, when: str) -> None:
    space: Any = group.observation_space
    name = f"observations[{group.name!r}]"
    _check_array(name, seen, (*counts.shape, *space.shape), space.dtype, when)
    wrong = counts & outside(space, seen)
    if seen.dtype.kind in "fc":  # also of the dead: a network is fed every slot
        wrong |= ~np.isfinite(seen).reshape(*counts.shape, -1).all(axis=-1)
    if wrong.any():
        index = tuple(np.argwhere(wrong)[0])
        raise NotConformant(
            f"the observation of {whose(group.agents, index)} at {when} is not in {space}: "
            f"{np.array2string(seen[index], threshold=20)}"
        )


def _check_array(name: str, array: Any, shape: tuple[int, ...], dtype: Any, when: str) -> None:
    if not isinstance(array, np.ndarray):
        raise NotConformant(f"{name} must be an array, and is a {type(array).__name__} at {when}")
    if array.shape != shape or array.dtype != dtype:
        must, came = f"{np.dtype(dtype)} {shape}", f"{array.dtype} {array.shape}"
        raise NotConformant(f"{name} must be {must}, and is {came} at {when}")


def outside(space: Any, values: Array) -> Mask:
    """Tell which agents' entries (E, n, …) lie outside their space: (E, n)."""
    inside: Any
    if isinstance(space, Box):
        inside = (values >= space.low) & (values <= space.high)  # NaN is not
    elif isinstance(space, Discrete | MultiDiscrete):
        count = space.n if isinstance(space, Discrete) else space.nvec
        inside = (values >= space.start) & (values < space.start + count)
    elif isinstance(space, MultiBinary):
        inside = (values == 0) | (values == 1)
    else:
        inside = np.array([[space.contains(entry) for entry in row] for row in values])
    wrong: Mask = ~inside.reshape(*values.shape[:2], -1).all(axis=-1)
    return wrong
