"""Training any agent in any environment, by their names."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from rallypoint.agents import agents
from rallypoint.agents.build import build_world
from rallypoint.agents.saved import Saved, save_tabular
from rallypoint.agents.tabular.encoding import encoding_for
from rallypoint.agents.tabular.q_learning import QLearning
from rallypoint.agents.tabular.training import train as train_tabular
from rallypoint.batch_env import BatchEnv
from rallypoint.config import from_dict, to_dict
from rallypoint.draws import check_seed
from rallypoint.errors import InvalidConfig
from rallypoint.safety.frame import Threatened
from rallypoint.safety.receipts import Receipt, disagreements
from rallypoint.safety.threat_model import ThreatModel

_TEST_EPSILON = 0.02  # greedy tables have limit cycles; see docs/gathering.md


@dataclass(frozen=True, kw_only=True)
class Training:
    """What is trained, where, and for how long."""

    env: str  # id of the environment
    agent: str  # name of the agent, as `rallypoint list agents` has it
    steps: int  # agent steps in all
    seed: int = 0  # of the world, the threats and the learner
    copies: int = 64  # side by side; tables are one team's, so they train in one copy
    env_settings: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)  # the agent's own
    threats: ThreatModel | None = None

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be meant."""
        for name in ("steps", "copies"):
            if getattr(self, name) < 1:
                raise InvalidConfig(f"{name} is a number >= 1, got {getattr(self, name)}")
        check_seed(self.seed)


class Outcome(NamedTuple):
    """What training leaves, besides the files."""

    metrics: dict[str, Any]
    receipts: tuple[Receipt, ...]
    disagreements: tuple[str, ...]


def train(training: Training, out: Path, *, progress_bar: bool = False) -> Outcome:
    """Train, and save the agent into a folder from which ``rallypoint evaluate`` reads it.

    Raises:
        UnknownName, Unavailable: no such environment or agent; names the nearest.
        InvalidConfig: a setting that is not known, or a task that the agent cannot learn.
        UnwritablePath: nothing half-written is left behind.
    """
    kind = check(training)
    world = build_world(
        training.env,
        copies=1 if kind == "local" else training.copies,
        settings=training.env_settings,
        threats=training.threats,
    )
    try:
        if kind == "local":
            metrics = _train_tables(training, world, out)
        else:
            metrics = _train_sb3(training, world, out, progress_bar=progress_bar)
    finally:
        world.close()
    receipts = world.receipts() if isinstance(world, Threatened) else ()
    wrong = disagreements(training.threats, receipts) if training.threats else []
    return Outcome(metrics, receipts, tuple(wrong))


def check(training: Training) -> str:
    """Refuse what can be refused before anything is made; return the kind of learner.

    Raises:
        UnknownName, Unavailable, InvalidConfig, NotOffered: as ``train`` does.
    """
    kind: str | None = getattr(learner_of(training.agent), "learner", None)
    if kind is None:
        raise InvalidConfig(f"{training.agent} is a rule: it acts, and there is nothing to train")
    world = build_world(
        training.env, copies=1, settings=training.env_settings, threats=training.threats
    )
    if kind == "local":
        from_dict(QLearning, training.settings, where=training.agent)
        encoding_for(world)
    world.close()
    return kind


def learner_of(name: str) -> Any:
    """Return what is registered under an agent's name.

    Raises:
        UnknownName, Unavailable: names the nearest, or says why it cannot be used.
    """
    if name.partition(":")[0] == "sb3_contrib":
        from rallypoint.agents.sb3.algorithms import algorithm

        return algorithm(name)
    return agents[name]


def _train_sb3(
    training: Training, world: BatchEnv, out: Path, *, progress_bar: bool
) -> dict[str, Any]:
    from rallypoint.agents.sb3.training import train_sb3  # torch

    return train_sb3(
        world,
        training.agent,
        steps=training.steps,
        seed=training.seed,
        env_settings=training.env_settings,
        settings=training.settings,
        out=out,
        progress_bar=progress_bar,
    ).summary


def _train_tables(training: Training, world: BatchEnv, out: Path) -> dict[str, Any]:
    learner = from_dict(QLearning, training.settings, where="q_learning")
    encoding = encoding_for(world)
    if world.time_limit is None:
        raise InvalidConfig(f"{world.id} has no time limit; give it one to train tables in it")
    episodes = math.ceil(training.steps / (world.num_agents * world.time_limit))
    state = train_tabular(world, learner, encoding, episodes=episodes, seed=training.seed)
    about = Saved(training.agent, training.env, dict(training.env_settings), _TEST_EPSILON)
    save_tabular(out, state.tables[0], encoding, about=about)
    return {
        "agent": training.agent,
        "env": training.env,
        "steps": episodes * world.num_agents * world.time_limit,
        "episodes": episodes,
        "seed": training.seed,
    }


def settings_of(training: Training) -> Mapping[str, Any]:
    """Return the training as plain values, for a manifest."""
    plain = to_dict(training)
    if training.threats is not None:
        plain["threats"] = training.threats.to_dict()
    return plain
