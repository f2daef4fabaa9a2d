"""Trained policies in files that run no code when they are read: safetensors and JSON."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from gymnasium.spaces import Box
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from stable_baselines3.common.base_class import BaseAlgorithm

from rallypoint.agents.sb3.algorithms import Algorithm, algorithm
from rallypoint.agents.sb3.building import untrained
from rallypoint.agents.sb3.settings import as_plain
from rallypoint.batch_env import BatchEnv, Group
from rallypoint.errors import RallypointError, UnreadableFile, did_you_mean
from rallypoint.files import write_atomically

_FORMAT = "rallypoint-sb3-1"
PARAMETERS = "policy.safetensors"
ABOUT = "agent.json"


class Saved(NamedTuple):
    """What a folder tells of the policy in it."""

    algorithm: Algorithm
    env: str
    group: str
    env_settings: dict[str, Any]
    settings: dict[str, Any]
    spaces: dict[str, Any]


def save_model(
    folder: Path,
    model: BaseAlgorithm,
    made_by: Algorithm,
    group: Group,
    *,
    env: str,
    settings: dict[str, Any],
    env_settings: dict[str, Any] | None = None,
    **about: Any,
) -> None:
    """Write a model's policy, and what is needed to read it, into a folder.

    Raises:
        InvalidConfig: its networks are made of what no file of plain values can tell.
        UnwritablePath: nothing half-written is left behind.
    """
    told = {
        "format": _FORMAT,
        "agent": made_by.agent,
        "env": env,
        "env_settings": env_settings or {},
        "group": group.name,
        "spaces": described(group),
        "settings": as_plain(settings),
        "versions": {name: version(name) for name in ("stable-baselines3", "torch")},
        **about,
    }
    # Copies: networks may share parameters, and safetensors wants every name to have its own.
    parameters = {
        name: part.detach().cpu().clone().contiguous()
        for name, part in model.policy.state_dict().items()
    }
    write_atomically(folder / PARAMETERS, save(parameters, metadata={"format": _FORMAT}))
    write_atomically(folder / ABOUT, json.dumps(told, indent=2, sort_keys=True) + "\n")


def read_about(folder: Path) -> Saved:
    """Read what a folder holds.

    Raises:
        UnreadableFile: no policy of SB3 was saved there, or it is damaged.
    """
    path = folder / ABOUT
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if told["format"] != _FORMAT:
            raise UnreadableFile(
                f"{path} is of format {told['format']!r}, expected {_FORMAT!r}; train again"
            )
        return Saved(
            algorithm(told["agent"]),
            str(told["env"]),
            str(told["group"]),
            dict(told["env_settings"]),
            dict(told["settings"]),
            dict(told["spaces"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, RallypointError):
            raise
        raise UnreadableFile(
            f"{path} does not tell of a trained policy ({error}); the folder must come from "
            "training an agent of SB3"
        ) from error


def load_model(folder: Path, env: BatchEnv) -> tuple[BaseAlgorithm, Group]:
    """Read a model that acts in an environment, and the group it acts for.

    Raises:
        UnreadableFile: the folder holds no policy, a damaged one, or one for other spaces.
    """
    saved = read_about(folder)
    group = the_group(env, saved.group, folder)
    refuse_other_spaces(folder / ABOUT, saved.spaces, group)
    path = folder / PARAMETERS
    try:
        with safe_open(path, framework="pt") as file:
            parameters = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no dict
    except (OSError, SafetensorError, ValueError) as error:
        raise UnreadableFile(f"{path} is no readable file of parameters: {error}") from error
    count = sum(part.numel() for part in parameters.values())
    _refuse_larger(folder / ABOUT, saved.settings, count)
    try:
        model = untrained(saved.algorithm, group, saved.settings)
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
        if isinstance(error, RallypointError):
            raise
        raise UnreadableFile(
            f"{folder / ABOUT} tells of settings that make no policy: {error}"
        ) from error
    put_in(path, model, parameters)
    return model, group


def _refuse_larger(path: Path, settings: Any, count: int) -> None:
    """Refuse networks larger than the parameters there are: to make them could take all memory."""
    told = [settings.get("policy_kwargs")]
    while told:
        part = told.pop()
        if isinstance(part, dict):
            told += part.values()
        elif isinstance(part, list):
            told += part
        elif isinstance(part, int) and part > count:
            raise UnreadableFile(
                f"{path} tells of a network with {part} of something, and the file of its "
                f"parameters holds {count} numbers"
            )


def put_in(path: Path, model: BaseAlgorithm, parameters: dict[str, Any]) -> None:
    """Give a model its parameters.

    Raises:
        UnreadableFile: they are not those of this policy, or not finite.
    """
    try:
        model.policy.load_state_dict(parameters)
    except (RuntimeError, TypeError, AttributeError) as error:
        told = " ".join(str(error).split())
        raise UnreadableFile(
            f"{path} holds no {type(model.policy).__name__} for what is seen and done here: {told}"
        ) from error
    for name, part in model.policy.state_dict().items():
        if not bool(torch.isfinite(part).all()):
            raise UnreadableFile(f"{path}: {name} has entries that are no finite numbers")


def the_group(env: BatchEnv, name: str, where: Path) -> Group:
    """Return the group of that name.

    Raises:
        UnreadableFile: the environment has none.
    """
    groups = {group.name: group for group in env.groups}
    if name not in groups:
        raise UnreadableFile(
            f"{where} acts for a group {name!r}, and {env.id} has none{did_you_mean(name, groups)}"
        )
    return groups[name]


def described(group: Group) -> dict[str, Any]:
    """Tell what a policy must fit, in plain values.

    Bounds of observations are left out, since networks do not know them: in the rings, counts go
    up to the number of agents, and policies carry over to more of them.
    """
    return {
        name: _told(space, with_bounds=name == "actions")
        for name, space in (
            ("observations", group.observation_space),
            ("actions", group.action_space),
        )
    }


def _told(space: Any, *, with_bounds: bool) -> dict[str, Any]:
    told = {"space": type(space).__name__, "shape": list(space.shape), "dtype": str(space.dtype)}
    for name in ("n", "nvec", "start", *(("low", "high") if with_bounds else ())):
        if hasattr(space, name) and not (name in {"n", "start"} and isinstance(space, Box)):
            told[name] = np.asarray(getattr(space, name)).tolist()
    return told


def refuse_other_spaces(path: Path, saved: dict[str, Any], group: Group) -> None:
    """Refuse a policy for other spaces than the group's.

    Raises:
        UnreadableFile: says which one differs, and how.
    """
    for name, here in described(group).items():
        if saved.get(name) != here:
            raise UnreadableFile(
                f"{path} is for {name} {saved.get(name)}, and group {group.name!r} has {here}; "
                "make the environment with the settings it was trained with"
            )
