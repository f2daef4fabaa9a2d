"""A learned policy as one of Stable-Baselines3, in the files that ``rallypoint evaluate`` reads."""

import json
from pathlib import Path
from typing import Any

import torch

from rallypoint.agents.gradient.actors import Actors
from rallypoint.agents.gradient.architecture import Architecture, Parameters
from rallypoint.agents.saved import ABOUT, GROUPS_FORMAT, folder_of
from rallypoint.agents.sb3.algorithms import algorithm
from rallypoint.agents.sb3.building import untrained
from rallypoint.agents.sb3.files import save_model
from rallypoint.batch_env import Group
from rallypoint.errors import InvalidConfig
from rallypoint.files import write_atomically

_ACTIVATIONS = {"tanh": "Tanh", "relu": "ReLU"}


def save_policies(
    folder: Path,
    actors: Actors,
    weights: Parameters,
    *,
    apart: bool,
    env: str,
    env_settings: dict[str, Any],
    learned_by: str,
) -> None:
    """Write what every group has learned: the policy of the only one, or a folder for each.

    Each of these folders holds one of SB3's PPO, as ``save_policy`` leaves it, and may be read
    alone.

    Args:
        folder: where to.
        actors: of the groups.
        weights: (d,) of all.
        apart: whether the groups are agents that were put apart.
        env: id of the environment they were trained in.
        env_settings: of that.
        learned_by: the agent, by its name.

    Raises:
        UnwritablePath: nothing half-written is left behind.
    """
    about: dict[str, Any] = {"env": env, "env_settings": env_settings}
    is_alone = len(actors.each) == 1
    for actor in actors.each:
        save_policy(
            folder if is_alone else folder / folder_of(actor.group.name),
            actor.networks,
            weights[actor.weights],
            actor.group,
            learned_by=learned_by,
            **about,
        )
    if not is_alone:
        names = [actor.group.name for actor in actors.each]
        told = {"format": GROUPS_FORMAT, "agent": learned_by, "groups": names, "apart": apart}
        told |= about
        write_atomically(folder / ABOUT, json.dumps(told, indent=2, sort_keys=True) + "\n")


def save_policy(
    folder: Path,
    architecture: Architecture,
    parameters: Parameters,
    group: Group,
    *,
    env: str,
    env_settings: dict[str, Any] | None = None,
    **about: Any,
) -> None:
    """Write a policy into a folder, from which ``load_policy`` reads it as one of SB3's PPO.

    A critic that there is not is saved as one that says 0; a central one, whose inputs are others
    than SB3's would be, likewise.

    Args:
        folder: where to.
        architecture: of the networks.
        parameters: (d,).
        group: for whom it acts.
        env: id of the environment it was trained in.
        env_settings: of that.
        about: what else the file is to tell, in plain values.

    Raises:
        InvalidConfig: parameters of another architecture.
        UnwritablePath: nothing half-written is left behind.
    """
    if parameters.shape != (architecture.size,):
        raise InvalidConfig(f"parameters are ({architecture.size},), got {parameters.shape}")
    critic = () if architecture.value_inputs else architecture.value or ()
    settings = {
        "policy": "MlpPolicy",
        "policy_kwargs": {
            "net_arch": {"pi": list(architecture.policy), "vf": list(critic)},
            "activation_fn": _ACTIVATIONS[architecture.activation],
        },
    }
    ppo = algorithm("sb3:PPO")
    model = untrained(ppo, group, settings)
    own = {
        piece.name: torch.from_numpy(parameters[piece.at].reshape(piece.shape).copy())
        for piece in architecture.pieces
    }
    told = model.policy.state_dict()
    for name, part in told.items():
        fits = name in own and own[name].shape == part.shape
        told[name] = own[name] if fits else torch.zeros_like(part)
    model.policy.load_state_dict(told)
    save_model(
        folder, model, ppo, group, env=env, settings=settings, env_settings=env_settings, **about
    )
