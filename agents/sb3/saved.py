"""Policies that were trained and saved: acting again."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stable_baselines3.common.base_class import BaseAlgorithm

from rallypoint.agents.saved import read_saved
from rallypoint.agents.sb3.algorithms import algorithm
from rallypoint.agents.sb3.building import untrained
from rallypoint.agents.sb3.files import load_model, read_about
from rallypoint.agents.sb3.policy import Sb3Policy
from rallypoint.agents.sb3.recurrent import RecurrentSb3Policy
from rallypoint.batch_env import BatchEnv, Group


def policy_for(
    env: BatchEnv, model: BaseAlgorithm, group: Group, *, is_masked: bool = False
) -> Sb3Policy:
    """Return what a model has learned as a policy that acts in an environment.

    It never does what is forbidden there if it is masked, as networks of sb3-contrib's maskable
    algorithms always are.
    """
    is_masked = is_masked or type(model).__name__.startswith("Maskable")
    masks = env.action_mask if is_masked else None
    has_memory = hasattr(model.policy, "lstm_actor")
    kind = RecurrentSb3Policy if has_memory else Sb3Policy
    return kind(model.policy, group, masks=masks)


def untrained_policy(agent: str, settings: Mapping[str, Any], env: BatchEnv) -> Sb3Policy:
    """Return the policy with which an agent would begin to learn in a world of one group.

    Its weights are any.

    Raises:
        InvalidConfig: a setting it does not have, or a task it cannot learn.
    """
    group = env.groups[0]
    return policy_for(env, untrained(algorithm(agent), group, settings), group)


def load_policy(folder: Path, env: BatchEnv) -> Sb3Policy:
    """Read a policy that ``train_sb3`` saved, to act in an environment.

    Raises:
        UnreadableFile: the folder holds none, a damaged one, or one for other spaces.
    """
    model, group = load_model(folder, env)
    is_ours = read_saved(folder).agent != read_about(folder).algorithm.agent
    return policy_for(env, model, group, is_masked=is_ours and "action_mask" in env.offers)
