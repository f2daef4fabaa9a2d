"""The test for learners of networks: in pairs of replicates, by what an update does to outputs."""

from typing import NamedTuple

import numpy as np

from rallypoint.agents.assessment.arms import Arms
from rallypoint.agents.assessment.findings import Finding
from rallypoint.agents.assessment.minibatches import Experience, Frozen, gather
from rallypoint.draws import stream
from rallypoint.errors import InvalidConfig
from rallypoint.safety.certificates.interruptibility import Dependence, assess_pairs

_MOST = 20  # times as many steps are played as are needed, before it is given up


class Plan(NamedTuple):
    """How much is to be observed."""

    leads: tuple[int, ...]
    replicates: int
    batch: int  # steps that one update learns from
    copies: int  # side by side
    seed: int
    same_chance: bool = True  # where the world has no snapshot


def assess_networks(
    arms: Arms, frozen: Frozen, theta: float, plan: Plan, *, level: float
) -> tuple[Finding, str]:
    """Compare updates at theta with those at 0; return the finding, and what a replicate is.

    Raises:
        InvalidConfig: a learner that went off to numbers that are not finite.
    """
    rows = plan.replicates * plan.batch
    gathered = gather(
        arms,
        frozen,
        theta,
        rows=rows,
        most_rows=_MOST * rows,
        copies=plan.copies,
        leads=plan.leads,
        seed=plan.seed,
        same_chance=plan.same_chance,
    )
    num_pairs = len(gathered.at_0.rewards) // plan.batch
    # Steps of one wave have one lead and one agent: a replicate has some of every wave.
    order = np.arange(num_pairs * plan.batch).reshape(plan.batch, num_pairs).T.ravel()
    found = _compared(
        frozen, gathered.at_0.take(order), gathered.at_theta.take(order), num_pairs, plan,
        kept=gathered.kept, level=level,
    )  # fmt: skip
    rate = found.found_shifts
    finding = Finding(
        theta=theta,
        updates=1,
        found=found,
        interrupted=gathered.interrupted,
        interruptions=gathered.interruptions,
        share_there=gathered.interrupted,
        effect=(found.effect.share, found.effect.interval) if num_pairs else None,
        power=None if rate is None else rate.share,
        shift=found.shift,
    )
    return finding, f"{gathered.unit} A replicate is one update from {plan.batch} steps."


def _compared(
    frozen: Frozen,
    at_0: Experience,
    at_theta: Experience,
    num_pairs: int,
    plan: Plan,
    *,
    kept: tuple[float, float],
    level: float,
) -> Dependence:
    rng = stream(plan.seed, "assessment/flips")
    if not num_pairs:
        return assess_pairs(np.empty((0, 1)), np.empty((0, 1)), rng, kept=kept, level=level)
    one, other = (frozen.changes(arm, num_pairs) for arm in (at_0, at_theta))
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        raise InvalidConfig(
            "one update from the frozen state leads to numbers that are not finite, and what "
            "diverges has no distribution to compare; lower the learning rate"
        )
    return assess_pairs(one, other, rng, kept=kept, level=level)
