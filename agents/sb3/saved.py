"""Policies that were trained and saved: acting again, and how well they do."""

from pathlib import Path
from typing import Any

from stable_baselines3.common.base_class import BaseAlgorithm

from rallypoint.agents.evaluation import evaluate
from rallypoint.agents.saved import read_saved
from rallypoint.agents.sb3.files import load_model, read_about
from rallypoint.agents.sb3.policy import Sb3Policy
from rallypoint.agents.sb3.recurrent import RecurrentSb3Policy
from rallypoint.agents.sb3.threads import torch_threads
from rallypoint.batch_env import Actions, Array, BatchEnv, Group, Mask, Observations
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig
from rallypoint.policies import Policy
from rallypoint.registration import make


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


def load_policy(folder: Path, env: BatchEnv) -> Sb3Policy:
    """Read a policy that ``train_sb3`` saved, to act in an environment.

    Raises:
        UnreadableFile: the folder holds none, a damaged one, or one for other spaces.
    """
    model, group = load_model(folder, env)
    is_ours = read_saved(folder).agent != read_about(folder).algorithm.agent
    return policy_for(env, model, group, is_masked=is_ours and "action_mask" in env.offers)


def evaluate_sb3(
    folder: Path,
    env: BatchEnv | None = None,
    *,
    episodes: int = 64,
    seed: int = 0,
    copies: int = 64,
    others: Policy | None = None,
    threads: int | None = 1,
) -> dict[str, Any]:
    """Play episodes by a saved policy, once by draws and once greedily; return plain numbers.

    Args:
        folder: where ``train_sb3`` saved it.
        env: where to play, such as under threats; the environment it was trained in if not given.
        episodes: how many of each.
        seed: of the world and of the draws.
        copies: how many are played side by side, at most.
        others: who plays the groups that the policy does not act for, if any.
        threads: of torch; None leaves them as they are.

    Raises:
        UnreadableFile: the folder holds no policy, a damaged one, or one for other spaces.
        InvalidConfig: it acts for one of several groups.
    """
    saved = read_about(folder)
    world = env or make(saved.env, copies=min(copies, episodes), **saved.env_settings)
    if len(world.groups) > 1 and others is None:
        raise InvalidConfig(
            f"the policy in {folder} acts for group {saved.group!r} of {world.id} only; say who "
            "plays the rest with others=…, a policy"
        )
    policy = load_policy(folder, world)
    with torch_threads(threads):
        drawn, greedy = (
            evaluate(world, _Team(acting, others), episodes=episodes, seed=seed)
            for acting in (policy, policy.greedily())
        )
    if env is None:
        world.close()
    return {"agent": saved.algorithm.agent, "env": world.id, "seed": seed} | {
        "stochastic": drawn.summary(),
        "greedy": greedy.summary(),
    }


class _Team:
    """A policy for one group, and perhaps another for the rest."""

    def __init__(self, policy: Sb3Policy, others: Policy | None) -> None:
        self._members = [member for member in (others, policy) if member is not None]

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Choose for everybody."""
        actions: dict[str, Array] = {}
        for member in self._members:
            actions |= member.act(observations, draws)
        return actions

    def begin_episode(self, mask: Mask | None) -> None:
        """Tell those who remember."""
        for member in self._members:
            getattr(member, "begin_episode", lambda _: None)(mask)
