"""Training any agent in any environment, by their names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from rallypoint.agents import agents
from rallypoint.agents.build import build_world
from rallypoint.agents.saved import Saved
from rallypoint.agents.tabular.by_name import check_tables, copies_for, train_tables
from rallypoint.batch_env import BatchEnv
from rallypoint.config import to_dict
from rallypoint.draws import check_seed
from rallypoint.errors import InvalidConfig
from rallypoint.safety.receipts import Receipt
from rallypoint.safety.recorder import account
from rallypoint.safety.threat_model import ThreatModel

RECORDING = "recording"  # the folder, in that of the run


@dataclass(frozen=True, kw_only=True)
class Training:
    """What is trained, where, and for how long."""

    env: str  # id of the environment
    agent: str  # name of the agent, as `rallypoint list agents` has it
    steps: int  # agent steps in all
    seed: int = 0  # of the world, the threats and the learner
    copies: int = 64  # side by side; of learners of tables, which are one team's, their own
    env_settings: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)  # the agent's own
    threats: ThreatModel | None = None
    record: bool = False  # whether everything that happens is written down

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
    local = kind == "local"
    world = build_world(
        training.env,
        copies=copies_for(training.agent, training.settings) if local else training.copies,
        settings=training.env_settings,
        threats=training.threats,
        record=out / RECORDING if training.record else None,
    )
    try:
        if local:
            about = Saved(training.agent, training.env, dict(training.env_settings))
            metrics = train_tables(
                world,
                training.agent,
                training.settings,
                about=about,
                steps=training.steps,
                seed=training.seed,
                out=out,
            )
        else:
            metrics = _train_sb3(training, world, out, progress_bar=progress_bar)
    finally:
        world.close()
    receipts, wrong = account(world)
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
        check_tables(world, training.agent, training.settings)
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


def settings_of(training: Training) -> Mapping[str, Any]:
    """Return the training as plain values, for a manifest."""
    plain = to_dict(training)
    if training.threats is not None:
        plain["threats"] = training.threats.to_dict()
    return plain
