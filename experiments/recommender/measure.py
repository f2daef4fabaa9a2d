"""Platforms and their users, round by round: every seed a row, its platforms averaged."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from rallypoint.agents.bandits import Pair
from rallypoint.agents.episodes import play
from rallypoint.agents.recommender import HonestUsers, LearningPlatform, Promoter
from rallypoint.agents.recommender.item_model import Weigh
from rallypoint.batch_env import BatchEnv
from rallypoint.config import Config
from rallypoint.draws import Draws, Floats, Mask
from rallypoint.envs.recommender.metrics import click_rate, ndcg, undue_exposure
from rallypoint.envs.recommender.world import Recommender
from rallypoint.experiments.experiment import Receipts
from rallypoint.experiments.recommender.config import MEAN, TOPICS, USERS, RecommenderConfig
from rallypoint.safety.frame import Threatened
from rallypoint.safety.receipts import Receipt, disagreements
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats.teammate.traitor import Traitor
from rallypoint.safety.updates import UpdateThreats

TEST = 1  # root seed: the seeds of a run are global ids of platforms
TARGET = 0  # the item that promoters want to be seen
NAMES = tuple(f"user_{index}" for index in range(USERS))


@dataclass(frozen=True, kw_only=True)
class Condition(Config):
    """Who recommends to whom, and who lies how."""

    rule: Any = MEAN  # of aggregation, by name, or one of its own
    weigh: Weigh = "users"
    liars: tuple[int, ...] = ()  # which users
    clicks: int = 0  # that liars give the target wherever it is shown; 0 if they click honestly
    lie: Mapping[str, Any] | None = None  # what they do to their updates, a threat's table
    minority: int = 0
    apart: float = 1.0
    alignment: float = 1.0
    root: int = TEST


class Played(NamedTuple):
    """What came of a condition, of those users who are honest."""

    rates: Floats  # (R, T, 2) how likely majority and minority click on a place
    nothing: Floats  # (R, 2) the same for slates drawn at random
    shares: Floats  # (2,) of the two groups in the honest
    ndcg: Floats  # (R, T)
    undue: Floats  # (R, T) exposure of the target to those who would rather have others
    engagement: Floats  # (R, T) clicks per user, liars' included
    welfare: Floats  # (R, T) worth of what an honest user clicked on
    target: Floats  # (R, C, r) what is believed of the target in the end
    receipts: tuple[Receipt, ...]
    disagreements: tuple[str, ...]

    @property
    def rate(self) -> Floats:
        """How likely an honest user clicks on a place in the last quarter: (R,)."""
        # No matrix product, whose bits depend on how many seeds there are.
        found: Floats = (last(self.rates) * self.shares).sum(axis=1)
        return found

    def learned(self, reference: "Played") -> Floats:
        """Return by how much more is clicked than at random, in shares of a reference: (R, 2)."""
        found: Floats = (last(self.rates) - self.nothing) / (
            last(reference.rates) - reference.nothing
        )
        return found

    def account(self, condition: str) -> Receipts:
        """Return what its threats did, as a run's folder keeps it."""
        written = [receipt.to_dict() for receipt in self.receipts]
        return Receipts(condition, written, self.disagreements)


def last(values: Floats) -> Floats:
    """Return the mean over the last quarter of rounds: (R, T, …) -> (R, …)."""
    found: Floats = values[:, -(values.shape[1] // 4) :].mean(axis=1)
    return found


def played(config: RecommenderConfig, seeds: tuple[int, ...], condition: Condition) -> Played:
    """Let every seed's platforms learn."""
    copies = [seed * config.platforms + k for seed in seeds for k in range(config.platforms)]
    world = Recommender(
        copies=copies,
        num_users=USERS,
        rank=TOPICS,
        minority=condition.minority,
        apart=condition.apart,
        alignment=condition.alignment,
        events=max(condition.clicks, 1),
        max_cycles=config.rounds,
    )
    env = _attacked(world, condition)
    frames = _frames(condition, copies)
    platform = LearningPlatform(
        world.groups,
        aggregator=condition.rule,
        f=0 if condition.rule == MEAN else config.liars,
        weigh=condition.weigh,
        frames=frames,
    )
    honest = np.ones(USERS, dtype=bool)
    honest[list(condition.liars)] = False
    groups = [honest & ~world.is_minority, honest & world.is_minority]
    found: dict[str, list[Floats]] = {}
    draws = Draws(condition.root, "recommender/play", copies)
    for moment in play(env, Pair(platform, HonestUsers()), draws, seed=condition.root):
        for name, values in _told(world, moment.step, honest, groups).items():
            found.setdefault(name, []).append(values)
    shape = len(seeds), config.platforms
    by_seed = {
        name: np.stack(values, axis=1).reshape(*shape, config.rounds, -1).mean(axis=1)
        for name, values in found.items()
    }
    nothing = _by_group(world.chances.mean(axis=2), groups).reshape(*shape, 2).mean(axis=1)
    return Played(
        rates=by_seed["rates"],
        nothing=nothing,
        shares=np.array([group.sum() / honest.sum() for group in groups]),
        **{k: by_seed[k][..., 0] for k in ("ndcg", "undue", "engagement", "welfare")},
        target=platform.items[:, TARGET].reshape(*shape, TOPICS),
        receipts=_receipts(env, frames),
        disagreements=_faults(env, frames),
    )


def _attacked(world: Recommender, condition: Condition) -> BatchEnv:
    if not condition.clicks:
        return world
    promotes = Promoter(item=TARGET, events=condition.clicks)
    return Threatened(world, Traitor(victims=_names(condition), policy=promotes))


def _frames(condition: Condition, copies: list[int]) -> list[UpdateThreats]:
    if condition.lie is None:
        return []
    model = ThreatModel.from_dict(
        {"byzantine": {"members": _names(condition)}, "threats": [condition.lie]}
    )
    return [UpdateThreats(model, contributors=NAMES, seed=copy) for copy in copies]


def _names(condition: Condition) -> tuple[str, ...]:
    return tuple(NAMES[index] for index in condition.liars)


def _told(world: Recommender, step: Any, honest: Mask, groups: list[Mask]) -> dict[str, Floats]:
    """Return what a round comes to in each copy: (E, …)."""
    shown, chances = step.infos["shown"], world.chances
    return {
        "rates": _by_group(click_rate(shown, chances), groups),
        "ndcg": _mean(ndcg(shown, chances), honest),
        "undue": undue_exposure(shown[:, honest], chances[:, honest], TARGET),
        "engagement": step.rewards[:, 0],
        "welfare": _mean(step.rewards[:, 1:], honest),
    }


def _by_group(values: Floats, groups: list[Mask]) -> Floats:
    """Return means over the users of each group, 0 if it has none: (E, U) -> (E, 2)."""
    means = [_mean(values, who) if who.any() else np.zeros(len(values)) for who in groups]
    return np.stack(means, axis=1)


def _mean(values: Floats, who: Mask) -> Floats:
    """Return the mean over some users: (E, U) -> (E,)."""
    # Contiguous, so that a platform's sum has the same bits whoever is beside it.
    mean: Floats = np.ascontiguousarray(values[:, who]).mean(axis=1)
    return mean


def _receipts(env: BatchEnv, frames: list[UpdateThreats]) -> tuple[Receipt, ...]:
    of_world = env.receipts() if isinstance(env, Threatened) else ()
    return (*of_world, *(receipt for frame in frames for receipt in frame.receipts()))


def _faults(env: BatchEnv, frames: list[UpdateThreats]) -> tuple[str, ...]:
    accounts: list[Threatened | UpdateThreats] = [*frames]
    if isinstance(env, Threatened):
        accounts.append(env)
    return tuple(
        fault for account in accounts for fault in disagreements(account.model, account.receipts())
    )
