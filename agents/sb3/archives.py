"""Archives that SB3 saves, read without running what is in them.

Most of such an archive is pickled, and reading that runs whatever code its maker put there:
``PPO.load`` does so before it checks anything. We take the parameters, which torch can read as
plain tensors, and those settings that are plain JSON; spaces come from the environment.
"""

import inspect
import io
import json
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from gymnasium.spaces import Box
from stable_baselines3.common.base_class import BaseAlgorithm

from rallypoint.agents.sb3.algorithms import Algorithm, algorithm
from rallypoint.agents.sb3.building import untrained
from rallypoint.agents.sb3.files import put_in, the_group
from rallypoint.agents.sb3.settings import NAMED_CLASSES, SHAPE_THE_NETWORK
from rallypoint.batch_env import BatchEnv, Group
from rallypoint.errors import InvalidConfig, UnreadableFile

_PICKLED = ":serialized:"  # how SB3 marks what is no JSON
_CLASS = re.compile(r"<class 'torch\.(nn|optim)\.[\w.]*?(?P<name>\w+)'>")
_LARGEST = 4  # times the size of the parameters expected, and a megabyte


def load_archive(
    path: Path,
    env: BatchEnv,
    name: str,
    *,
    group: str | None = None,
    settings: Mapping[str, Any] | None = None,
    trust: bool = False,
) -> tuple[BaseAlgorithm, Group]:
    """Read a model from an archive that SB3 saved.

    Args:
        path: the archive.
        env: where it is to act; says what is seen and done.
        name: the agent, ``"sb3:PPO"``.
        group: for whom it acts, where there are several.
        settings: what the archive does not tell in plain text, such as
            ``{"policy_kwargs": {"net_arch": [64], "activation_fn": "ReLU"}}``.
        trust: reads the whole archive, as SB3 does, which runs code from it.

    Raises:
        UnreadableFile: no archive of SB3, a damaged one, or one of another policy.
    """
    made_by = algorithm(name)
    chosen = the_group(env, group or env.groups[0].name, path)
    if group is None and len(env.groups) > 1:
        raise InvalidConfig(f"{env.id} has several groups; say for which {path} acts: group=…")
    if trust:
        return _unpickled(path, made_by, chosen), chosen
    member, told = _read(path)
    _refuse_other_spaces(path, told, chosen)
    given = dict(settings or {})
    model = untrained(made_by, chosen, _told_settings(path, made_by, told, given) | given)
    put_in(path, model, _tensors(path, member, model))
    return model, chosen


def _told_settings(
    path: Path, made_by: Algorithm, told: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what shapes the networks, as far as the archive has it in plain text."""
    known = inspect.signature(made_by.load()).parameters
    found = {}
    for name in SHAPE_THE_NETWORK:
        if name not in told or name not in known or name in given:
            continue
        plain = _in_plain(told[name])
        # Leaving one out could give a network of the right size that does something else.
        if plain is None:
            raise UnreadableFile(
                f"{path} has {name} pickled, and reading that would run whatever code is in it: "
                "say it with settings=…, or, if you know who made the archive, read all of it "
                "with trust=True"
            )
        found[name] = plain
    return found


def _in_plain(value: Any) -> Any:
    """Return a value that SB3 pickled, if all of it is also told in words; else None."""
    if not (isinstance(value, dict) and _PICKLED in value):
        return value
    words = {key: word for key, word in value.items() if not key.startswith(":")}
    for key, word in words.items():
        named = _CLASS.fullmatch(word) if isinstance(word, str) else None
        if named and key in NAMED_CLASSES:
            words[key] = named["name"]
        elif isinstance(word, str):
            return None
    return words or None


def _read(path: Path) -> tuple[zipfile.Path, dict[str, Any]]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            told = json.loads(archive.read("data")) if "data" in names else {}
    except (OSError, zipfile.BadZipFile, ValueError, RuntimeError) as error:
        raise UnreadableFile(f"{path} is no readable archive: {error}") from error
    if "policy.pth" not in names or not isinstance(told, dict):
        raise UnreadableFile(
            f"{path} is not what SB3 saves: it has {', '.join(sorted(names)[:5]) or 'nothing'}, "
            "and must have policy.pth and data"
        )
    return zipfile.Path(path, "policy.pth"), told


def _tensors(path: Path, member: zipfile.Path, model: BaseAlgorithm) -> dict[str, Any]:
    parts = model.policy.state_dict().values()
    limit = _LARGEST * sum(part.numel() * part.element_size() for part in parts) + 2**20
    try:
        with member.open("rb") as file:
            content = file.read(limit + 1)
        # Cut off where it is too long, it is no file that torch could read.
        parameters = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # zip and torch raise whatever the bytes lead them to
        said = str(error).partition("\n")[0]
        raise UnreadableFile(
            f"{path}: policy.pth holds no plain tensors, or over {limit} bytes of them, "
            f"{_LARGEST} times what this policy takes: {said}"
        ) from error
    if not isinstance(parameters, Mapping):
        raise UnreadableFile(f"{path}: policy.pth holds a {type(parameters).__name__}, no policy")
    return dict(parameters)


def _unpickled(path: Path, made_by: Algorithm, group: Group) -> BaseAlgorithm:
    here = untrained(made_by, group, {})
    try:
        model: BaseAlgorithm = made_by.load().load(path, device="cpu")
    except Exception as error:  # it runs code of somebody else's
        raise UnreadableFile(
            f"{path} cannot be read by {made_by.agent}: {type(error).__name__}: {error}"
        ) from error
    for name in ("observation_space", "action_space"):
        held, wanted = getattr(model, name), getattr(here, name)
        # Bounds of a box do not shape a network, and may differ with the number of agents.
        fits = type(held) is type(wanted) and held.shape == wanted.shape
        if not fits or (held != wanted and not isinstance(held, Box)):
            raise UnreadableFile(f"{path} is for {held}, and group {group.name!r} has {wanted}")
    return model


def _refuse_other_spaces(path: Path, told: Mapping[str, Any], group: Group) -> None:
    """Tell in words what would otherwise come out as a tensor of another size."""
    for key, here in (
        ("observation_space", group.observation_space),
        ("action_space", group.action_space),
    ):
        words = told.get(key)
        if not isinstance(words, dict):
            continue
        shape, number = words.get("_shape"), words.get("n")
        if (isinstance(shape, list) and tuple(shape) != here.shape) or (
            number is not None and str(number) != str(getattr(here, "n", None))
        ):
            raise UnreadableFile(
                f"{path} is for another {key.replace('_', ' ')} than {here} of group "
                f"{group.name!r}: shape {shape}{'' if number is None else f', n = {number}'}"
            )
