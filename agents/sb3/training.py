"""Training an algorithm of SB3 on any world, through the view."""

import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.type_aliases import MaybeCallback

from rallypoint.agents.gradient.scalars import Watch
from rallypoint.agents.live import live_in
from rallypoint.agents.sb3.algorithms import algorithm
from rallypoint.agents.sb3.building import build, check_buildable
from rallypoint.agents.sb3.files import save_model
from rallypoint.agents.sb3.logs import logger, with_share
from rallypoint.agents.sb3.policy import Sb3Policy
from rallypoint.agents.sb3.saved import policy_for
from rallypoint.agents.sb3.settings import as_plain
from rallypoint.agents.sb3.threads import torch_threads
from rallypoint.batch_env import BatchEnv
from rallypoint.envs.views.sb3 import Sb3View
from rallypoint.errors import Diverged, InvalidConfig
from rallypoint.files import writable_folder
from rallypoint.noted import noting
from rallypoint.policies import Policy
from rallypoint.registration import make


class Trained(NamedTuple):
    """What training leaves."""

    policy: Sb3Policy  # acts by draws; policy.greedily() takes the likeliest actions
    model: BaseAlgorithm  # SB3's own
    summary: dict[str, Any]  # plain values


def train_sb3(
    env: str | BatchEnv,
    name: str,
    *,
    steps: int,
    seed: int = 0,
    copies: int = 64,
    env_settings: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    group: str | None = None,
    others: Policy | None = None,
    out: Path | None = None,
    tensorboard: bool = True,
    watch: Watch | None = None,
    callback: MaybeCallback = None,
    progress_bar: bool = False,
    threads: int | None = 1,
) -> Trained:
    """Train an agent and, if asked to, save it where ``saved.load_policy`` finds it.

    Args:
        env: an id, or a world, threatened or not. A world is left open.
        name: the agent, ``"sb3:PPO"``.
        steps: agent steps, as SB3 counts them: rows of the view, those of filler included.
        seed: of the world and of SB3.
        copies: how many learn side by side, where the world is given by its id.
        env_settings: what the world is made with; kept beside the policy.
        settings: the algorithm's own, such as ``{"n_steps": 32}``; what is not given fits the
            number of rows, see ``agents.sb3.settings``.
        group: who learns, where there are several groups.
        others: who plays the rest.
        out: a folder for the policy, metrics and TensorBoard.
        tensorboard: whether to write the latter.
        watch: takes each row of metrics, in the place of the file of them.
        callback: as SB3 has it.
        progress_bar: whether to show SB3's.
        threads: of torch; None leaves them as they are.

    Raises:
        UnknownName: no such algorithm or environment; names the nearest.
        InvalidConfig: a setting that is not known, or a task that the algorithm cannot learn.
        UnwritablePath: before training, not after.
        Diverged: parameters are not finite any more.
    """
    made_by = algorithm(name)
    _refuse_numbers(steps, seed)
    settings = settings or {}
    if out is not None:
        writable_folder(out)
        as_plain(settings)  # what could not be saved is refused before it is learned
    world = make(env, copies=copies, **(env_settings or {})) if isinstance(env, str) else env
    view = Sb3View(world, group=group, others=others)
    with torch_threads(threads):
        model, used = build(made_by, view, steps=steps, seed=seed, settings=settings)
        if (live := live_in(world)) is not None:
            live.become(policy_for(world, model, view.slots.group))
        model.set_logger(logger(out, watch, tensorboard=tensorboard, aloud=model.verbose > 0))
        with noting(lambda: f"after {model.num_timesteps:,} of {steps:,} steps"):
            told = _learn(model, view, steps, callback, progress_bar=progress_bar)
    policy = policy_for(world, model, view.slots.group)
    summary = {"agent": made_by.agent, "env": world.id, "seed": seed, **told}
    if out is not None:
        model.logger.close()
        save_model(
            out,
            model,
            made_by,
            policy.group,
            env=world.id,
            settings=used,
            env_settings=dict(env_settings or {}),
            training=summary,
        )
    if isinstance(env, str):
        world.close()
    return Trained(policy, model, summary)


def check_trainable(
    world: BatchEnv,
    name: str,
    *,
    steps: int,
    seed: int,
    copies: int,
    settings: Mapping[str, Any],
) -> None:
    """Refuse what ``train_sb3`` would refuse, before anything is made.

    Args:
        world: one copy of it.
        name: the agent, ``"sb3:PPO"``.
        steps: as there.
        seed: as there.
        copies: of the world that is learned in.
        settings: as there.

    Raises:
        UnknownName, InvalidConfig: as ``train_sb3`` does.
    """
    _refuse_numbers(steps, seed)
    if len(world.groups) > 1:
        raise InvalidConfig(
            f"{name} learns for one group, and {world.id} has the groups "
            f"{sorted(group.name for group in world.groups)}; take ppo, a2c or gpomdp, which learn "
            "for each, or train_sb3(…, group=…, others=…) from Python"
        )
    as_plain(settings)
    check_buildable(algorithm(name), Sb3View(world), copies, steps=steps, settings=settings)


def _refuse_numbers(steps: int, seed: int) -> None:
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise InvalidConfig(f"steps is a number >= 1, got {steps!r}")
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 1 << 32:
        raise InvalidConfig(f"SB3 takes seeds in [0, 2**32), got {seed!r}")


def _learn(
    model: BaseAlgorithm,
    view: Sb3View,
    steps: int,
    callback: MaybeCallback,
    *,
    progress_bar: bool,
) -> dict[str, Any]:
    """Let a model learn; return what is to be said of it.

    Raises:
        Diverged: parameters are not finite any more.
    """
    began = time.perf_counter()
    with warnings.catch_warnings():
        # Of tqdm, that its rich bar is new; it is the one that SB3 chose.
        warnings.filterwarnings("ignore", message="rich is experimental")
        try:
            model.learn(steps, callback=with_share(view, callback), progress_bar=progress_bar)
        except (ValueError, RuntimeError) as error:  # torch draws from none that is no distribution
            is_finite = all(bool(part.isfinite().all()) for part in model.policy.parameters())
            if is_finite and "overflow" not in str(error):
                raise
            raise Diverged(
                f"after {model.num_timesteps} steps parameters are not finite any more; learn in "
                "smaller steps, or discount more"
            ) from error
    seconds = time.perf_counter() - began
    return {
        "steps": model.num_timesteps,
        "filler_share": view.filler_share,
        "seconds": seconds,
        "steps_per_second": model.num_timesteps / seconds,
        **_recent(model),
    }


def _recent(model: BaseAlgorithm) -> dict[str, float]:
    """Return means over the last episodes of agents that ended, if any has."""
    episodes = list(model.ep_info_buffer or [])
    if not episodes:
        return {}
    return {
        f"recent_{name}_mean": float(sum(episode[key] for episode in episodes) / len(episodes))
        for name, key in (("return", "r"), ("length", "l"))
    }
