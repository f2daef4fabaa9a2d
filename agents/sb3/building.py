"""Making an algorithm of SB3 for a view, or for spaces alone."""

import inspect
from collections.abc import Mapping
from typing import Any, NoReturn

from gymnasium import Space
from gymnasium.spaces import Box
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.vec_env import VecEnv

from rallypoint.agents.sb3 import replay, rollouts
from rallypoint.agents.sb3.algorithms import Algorithm
from rallypoint.agents.sb3.settings import SHAPE_THE_NETWORK, as_given, complete
from rallypoint.batch_env import Group
from rallypoint.envs.views.sb3 import Sb3View, counted_from_zero
from rallypoint.errors import InvalidConfig

# How SB3 and torch refuse what settings ask for: a negative width, say, is a RuntimeError.
_REFUSALS = AssertionError, AttributeError, OverflowError, RuntimeError, TypeError, ValueError


def build(
    algorithm: Algorithm, view: Sb3View, *, steps: int, seed: int, settings: Mapping[str, Any]
) -> tuple[BaseAlgorithm, dict[str, Any]]:
    """Make an algorithm that learns from a view and leaves filler out; return its settings, too.

    Raises:
        InvalidConfig: a setting it does not have, or a task it cannot learn.
    """
    used = complete(algorithm, settings, view.observation_space, view.num_envs, steps)
    _refuse_maskless(algorithm, view)
    model = _made(algorithm, view, used, seed)
    if isinstance(model, OnPolicyAlgorithm):
        rollouts.keep_the_living(model, view)
    elif isinstance(model, OffPolicyAlgorithm):
        replay.keep_the_living(model, view)
    # Others, such as ARS, learn from returns; the view tells those of agents only.
    return model, used


def check_buildable(
    algorithm: Algorithm, view: Sb3View, copies: int, *, steps: int, settings: Mapping[str, Any]
) -> None:
    """Refuse what ``build`` would refuse for so many copies of what a view of one shows.

    Raises:
        InvalidConfig: a setting it does not have, or a task it cannot learn.
    """
    spaces = _Spaces(view.observation_space, view.action_space, num_rows=copies * view.num_envs)
    used = complete(algorithm, settings, spaces.observation_space, spaces.num_envs, steps)
    _refuse_maskless(algorithm, view)
    if isinstance(size := used.get("buffer_size"), int):
        used["buffer_size"] = min(size, spaces.num_envs)  # enough to be asked whether it can be
    if "verbose" in used:
        used["verbose"] = 0  # what is made here is no training to speak of
    _made(algorithm, spaces, used, None)


def untrained(algorithm: Algorithm, group: Group, settings: Mapping[str, Any]) -> BaseAlgorithm:
    """Make an algorithm for the spaces of a group, to put parameters in; it cannot train."""
    spaces = _Spaces(*map(counted_from_zero, (group.observation_space, group.action_space)))
    shaping = {name: settings[name] for name in SHAPE_THE_NETWORK if name in settings}
    used = complete(algorithm, shaping, spaces.observation_space, num_rows=1, steps=1)
    kind = algorithm.load()
    if "buffer_size" in inspect.signature(kind).parameters:
        used["buffer_size"] = 1  # of the usual million, none is needed
    if issubclass(kind, OnPolicyAlgorithm | OffPolicyAlgorithm):  # others have no optimiser
        used["policy_kwargs"] = {**(used.get("policy_kwargs") or {}), "optimizer_class": _Idle}
    return _made(algorithm, spaces, used, None)


def _refuse_maskless(algorithm: Algorithm, view: Sb3View) -> None:
    if algorithm.load().__name__.startswith("Maskable") and not view.has_attr("action_masks"):
        raise InvalidConfig(
            f"{algorithm.agent} chooses among the actions that are allowed, and this world offers "
            "no action_mask that says which; take sb3:PPO"
        )


def _made(
    algorithm: Algorithm, env: VecEnv, settings: Mapping[str, Any], seed: int | None
) -> BaseAlgorithm:
    actions = env.action_space
    if isinstance(actions, Box) and not actions.is_bounded("both"):
        raise InvalidConfig(
            f"actions that are numbers are learned between bounds, and {actions} has none; wrap "
            "the environment so that its actions have them, and give what makes it"
        )
    try:
        model: BaseAlgorithm = algorithm.load()(env=env, seed=seed, **as_given(settings))
    except _REFUSALS as error:
        raise InvalidConfig(f"{algorithm.agent} cannot be made for this task: {error}") from error
    return model


class _Idle:
    """The optimiser of what never learns: torch's own load its compiler, which takes a second."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Leave parameters as they are."""


class _Spaces(VecEnv):
    """A VecEnv with spaces and nothing behind them."""

    def __init__(self, seen: Space[Any], done: Space[Any], *, num_rows: int = 1) -> None:
        super().__init__(num_rows, seen, done)

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        del indices
        if attr_name == "render_mode":
            return [None] * self.num_envs
        raise AttributeError(attr_name)

    def env_is_wrapped(self, wrapper_class: type[Any], indices: Any = None) -> list[bool]:
        del wrapper_class, indices
        return [False] * self.num_envs

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        del args, kwargs
        raise InvalidConfig(
            "this model was made to act, not to train: train_sb3() makes one that does"
        )

    def seed(self, seed: int | None = None) -> list[int | None]:
        return [seed]

    def close(self) -> None:
        pass

    reset = step_async = step_wait = set_attr = env_method = _refuse
