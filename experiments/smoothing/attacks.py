"""Attacks on a smoothed policy, each within the same budget of an episode."""

from typing import NamedTuple

import numpy as np

from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.draws import Floats
from rallypoint.experiments.smoothing.policies import STEPS, poles, returns
from rallypoint.experiments.smoothing.whole_episodes import Leaning, worst_way
from rallypoint.safety.frame import Threatened
from rallypoint.safety.limits import Budget, Schedule
from rallypoint.safety.perception.reach import Reach
from rallypoint.safety.receipts import Receipt, disagreements
from rallypoint.safety.smoothing import SmoothedPolicy
from rallypoint.safety.threats import Threat
from rallypoint.safety.threats.perception.learned_percept import LearnedPercept
from rallypoint.safety.threats.perception.pgd import Pgd
from rallypoint.safety.threats.perception.smoothed_pgd import SmoothedPgd

ATTACKS = ("pgd, spread", "pgd, at once", "adaptive pgd, at once", "whole episodes")
_BURST = 10  # steps in which all is spent


class Attacked(NamedTuple):
    """What an attack left."""

    returns: Floats  # (episodes,)
    receipt: Receipt
    disagreements: tuple[str, ...]


def threat_of(
    name: str, policy: GradientPolicy, sigma: float, budget: float, *, episodes: int, seed: int
) -> Threat:
    """Return an attack within a budget; that on whole episodes tries its ways first."""
    if name == "pgd, spread":
        return Pgd(budget=_reach(budget, STEPS))
    if name == "pgd, at once":
        return Pgd(budget=_reach(budget, _BURST), when=Schedule(until=_BURST))
    if name == "adaptive pgd, at once":
        return SmoothedPgd(
            budget=_reach(budget, _BURST), when=Schedule(until=_BURST), sigma=sigma, samples=4
        )
    way = worst_way(policy, sigma, budget, episodes=episodes, seed=seed)
    return LearnedPercept(
        attacker=Leaning(way.direction),
        budget=_reach(budget, way.steps),
        when=Schedule(until=way.steps),
    )


def attacked(
    threat: Threat, policy: GradientPolicy, sigma: float, *, episodes: int, seed: int
) -> Attacked:
    """Play episodes of the smoothed policy under an attack that knows what is beneath the noise."""
    world = Threatened(poles(episodes), [threat], policy=policy, seed=seed)
    left = returns(world, SmoothedPolicy(policy, sigma), seed)
    (receipt,) = world.receipts()
    return Attacked(left, receipt, tuple(disagreements(world.model, [receipt])))


def upper_limit(left: Floats, alpha: float) -> float:
    """Return an upper confidence limit of the mean of returns in [0, 500]: (episodes,).

    By the inequality of Hoeffding: exact whatever the returns are, if not as near as could be.
    """
    return float(left.mean() + STEPS * np.sqrt(np.log(1 / alpha) / (2 * len(left))))


def _reach(budget: float, steps: int) -> Budget:
    each = budget / np.sqrt(steps)
    return Budget(reach=Reach(norm="l2", step=float(each), episode=float(budget)))
