"""Colonies that live through a loss: every seed a row, every one of its colonies a column."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

import rallypoint
from rallypoint.agents.episodes import play
from rallypoint.agents.gradient.by_name import Say, TeamTraining
from rallypoint.agents.gradient.checkpoints import read_checkpoint
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.agents.rules import EncounterRate, FixedRoles, ResponseThreshold
from rallypoint.draws import Draws, Floats
from rallypoint.experiments.ant_colony.config import EFFICIENCY, NEEDS, ROLES, AntColonyConfig
from rallypoint.experiments.experiment import Advance, Progress, Receipts
from rallypoint.policies import Policy
from rallypoint.safety.frame import Threatened
from rallypoint.safety.receipts import Receipt, disagreements
from rallypoint.safety.threat_model import ThreatModel

TEST = 1  # root seed of all that is measured; training has the seeds themselves
NEEDED = np.array(NEEDS) / EFFICIENCY  # workers on each task
SPARE = sum(ROLES) - round(float(NEEDED.sum()))  # ants that can be lost before work is left undone
RULES: dict[str, Policy] = {
    "threshold": ResponseThreshold(),
    "encounters": EncounterRate(),
    "fixed": FixedRoles(workers=ROLES),
}
_PPO: dict[str, Any] = {
    "policy": (32, 32),
    "value": (32, 32),
    "steps": 50,
    "minibatch": 4096,
    "epochs": 4,
    "learning_rate": 3e-3,
    "gamma": 0.9,
    "value_weight": 1e-3,  # returns are large, and gradients are clipped as a whole
}
_SHORT = 200  # steps of an episode that is learned from: what is learned does for longer ones
_NUM_ANTS = sum(ROLES)
_SIDE_BY_SIDE = 8  # colonies that PPO learns from


class Life(NamedTuple):
    """What became of colonies, step by step."""

    workers: Floats  # (R, C, T, K) who really worked on each task
    stimuli: Floats  # (R, C, T, K) what was left undone
    receipts: tuple[Receipt, ...]
    disagreements: tuple[str, ...]

    def mean_workers(self, part: slice) -> Floats:
        """Mean over a part of the episode and over colonies: (R, K)."""
        mean: Floats = self.workers[:, :, part].mean(axis=(1, 2))
        return mean

    def mean_stimulus(self, part: slice) -> Floats:
        """Mean over tasks, a part of the episode and colonies: (R,)."""
        mean: Floats = self.stimuli[:, :, part].mean(axis=(1, 2, 3))
        return mean

    def slope(self, part: slice) -> Floats:
        """By how much all stimuli together grow in a step, from end to end of a part: (R,)."""
        total = self.stimuli[:, :, part].sum(axis=3).mean(axis=1)  # (R, T)
        slope: Floats = (total[:, -1] - total[:, 0]) / (total.shape[1] - 1)
        return slope

    def account(self, condition: str) -> Receipts:
        """Return what its threats did, as a run's folder keeps it."""
        written = [receipt.to_dict() for receipt in self.receipts]
        return Receipts(condition, written, self.disagreements)


def quarter(config: AntColonyConfig, number: int) -> slice:
    """Return the steps of a quarter of the episode, 1 … 4."""
    each = config.steps // 4
    return slice((number - 1) * each, number * each)


def live(
    config: AntColonyConfig,
    seeds: tuple[int, ...],
    policy: Policy,
    threats: ThreatModel,
) -> Life:
    """Let every seed's colonies live under threats."""
    copies = [seed * config.colonies + k for seed in seeds for k in range(config.colonies)]
    # Alike in all conditions, so that the same colonies live through every one of them.
    world = rallypoint.make(
        "ant-colony-v0",
        copies=copies,
        num_agents=_NUM_ANTS,
        needs=NEEDS,
        efficiency=EFFICIENCY,
        pretence=True,
        max_cycles=config.steps,
    )
    env = Threatened(world, threats)
    draws = Draws(TEST, "ant_colony/live", copies)
    workers: list[Floats] = []
    stimuli: list[Floats] = []
    for moment in play(env, policy, draws, seed=TEST):
        workers.append(moment.step.infos["workers"].astype(np.float64))
        stimuli.append(world.state()[:, : len(NEEDS)])
    shape = (config.steps, len(seeds), config.colonies, len(NEEDS))

    def by_seed(found: list[Floats]) -> Floats:
        # Contiguous by seed, so that a seed's sums have the same bits whoever is beside it.
        return np.ascontiguousarray(np.moveaxis(np.stack(found).reshape(shape), 0, 2))

    faults = disagreements(env.model, env.receipts())
    return Life(by_seed(workers), by_seed(stimuli), tuple(env.receipts()), tuple(faults))


def learned(config: AntColonyConfig, seeds: tuple[int, ...], progress: Progress) -> Policy:
    """Train one policy for each seed, which all ants of its colonies share, with PPO."""
    settings: dict[str, Any] = {"num_agents": _NUM_ANTS, "needs": NEEDS, "efficiency": EFFICIENCY}
    parameters = []
    for seed in seeds:
        training = TeamTraining(
            env="ant-colony-v0",
            agent="ppo",
            steps=config.training,
            seed=seed,
            copies=_SIDE_BY_SIDE,
            settings=_PPO,
            env_settings={**settings, "max_cycles": _SHORT},
        )
        with (
            progress(f"PPO learns to share out work, seed {seed}", config.training) as advance,
            TemporaryDirectory() as folder,
        ):
            training.run(Path(folder), say=_counting(config.training, advance))
            kept = read_checkpoint(Path(folder)).snapshot["server/parameters"]
        parameters.append(kept[0])
    # One block of colonies for each seed, each by its own parameters.
    actor = training.actors.only
    return GradientPolicy(actor.networks, np.stack(parameters), actor.group)


def _counting(total: int, advance: Advance) -> Say:
    played = 0

    def say(row: Mapping[str, Any]) -> None:
        nonlocal played
        advance(min(row["steps"], total) - played)
        played = min(row["steps"], total)

    return say
