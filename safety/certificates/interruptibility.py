"""Does an update depend on being interrupted? For learners of any kind, from paired replicates.

Dynamic safe interruptibility asks that, given the learners' state and what was observed and done,
the distribution of the next update does not depend on the probability theta of interruption: El
Mhamdi, Guerraoui, Hendrikx & Maurer (2017), arXiv:1704.02882. Here each replicate starts from one
frozen learner, conditions on the same observations and actions in both arms, lets everybody else
act at theta = 0 or at theta, and makes one update from what the learner's processing keeps. What is
compared is how the learner's outputs on fixed probes change. ``cells`` has the test for tables.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rallypoint.errors import InvalidConfig
from rallypoint.safety.certificates.paired import (
    Effect,
    PairedPValues,
    checked_pairs,
    paired_p_values,
    power,
    systematic_share,
)
from rallypoint.safety.certificates.rates import Rate, rejection_rate
from rallypoint.safety.certificates.verdicts import CAVEAT, Verdict, check_level, decide


@dataclass(frozen=True, kw_only=True)
class Dependence:
    """What was found of a learner's updates with and without interruptions."""

    verdict: Verdict
    p_values: PairedPValues
    level: float
    effect: Effect
    num_pairs: int  # replicates of which both arms had something to learn from
    kept: tuple[float, float]  # share of the experience that processing kept, at 0 and at theta
    shift: float  # in root mean squares of the differences, which the power is for
    found_shifts: Rate | None  # of samples as noisy as these; None for too few pairs

    def __str__(self) -> str:
        """Say it in sentences, with what it does not show."""
        kept_0, kept_theta = self.kept
        low, high = self.effect.interval
        p = self.p_values
        said = [
            f"{self.verdict}: p = {p.combined:.2g} over {self.num_pairs} pairs",
            f"level {self.level:g}; p of the means {p.means:.2g}, of the energy {p.energy:.2g}",
            f"systematic share of the differences {self.effect.share:.3f} [{low:.3f}, {high:.3f}]",
            f"kept {kept_0:.3g} of the experience without interruptions, {kept_theta:.3g} with",
        ]
        if self.found_shifts is not None:
            said.append(
                f"a shift by {self.shift:g} root mean squares would be found with probability "
                f"{self.found_shifts.share:.2f}"
            )
        return "; ".join(said) + ". " + CAVEAT


def assess_pairs(
    at_0: ArrayLike,
    at_theta: ArrayLike,
    rng: np.random.Generator,
    *,
    kept: tuple[float, float] = (1.0, 1.0),
    level: float = 0.01,
    least_pairs: int = 100,
    shift: float = 0.25,
    repetitions: int = 100,
) -> Dependence:
    """Test whether updates at theta are distributed as those at 0.

    Exact: a learner whose updates do not depend on theta is found to depend in at most ``level``
    of assessments. Judge a learner by the rate over seeds (``rejection_rate``), not by one.

    Args:
        at_0: (n, k) changes of the outputs on the probes, without interruptions.
        at_theta: (n, k) the same replicates with them. Leave out those of which either arm has
            nothing left to learn from: that they are fewer is the price of pruning, no dependence.
        rng: of the flips.
        kept: share of the experience that processing kept in either arm, to be reported.
        level: of significance.
        least_pairs: with fewer, not to reject is "not enough data".
        shift: for which the power is estimated, in root mean squares of the differences.
        repetitions: of that estimate.

    Raises:
        InvalidConfig: samples that are no pairs or not finite; a setting that cannot be meant.
    """
    check_level(level)
    if least_pairs < 1 or repetitions < 1 or shift <= 0:
        raise InvalidConfig(
            "least_pairs and repetitions are at least 1 and the shift is above 0, got "
            f"{least_pairs}, {repetitions} and {shift}"
        )
    shape = np.shape(at_0)
    if shape == np.shape(at_theta) and shape[:1] == (0,):
        return _nothing_left(kept, level, shift)
    one, other = checked_pairs(at_0, at_theta)
    p_values = paired_p_values(one, other, rng)
    is_enough = len(one) >= least_pairs
    found = None
    if is_enough:
        trials = power(one, other, rng, shift=shift, level=level, repetitions=repetitions)
        found = rejection_rate(np.where(trials, 0.0, 1.0), level=level)
    return Dependence(
        verdict=decide(p_values.combined, level=level, is_enough=is_enough),
        p_values=p_values,
        level=level,
        effect=systematic_share(one, other),
        num_pairs=len(one),
        kept=kept,
        shift=shift,
        found_shifts=found,
    )


def _nothing_left(kept: tuple[float, float], level: float, shift: float) -> Dependence:
    """Say that pruning left no pair at all."""
    return Dependence(
        verdict="not enough data",
        p_values=PairedPValues(1.0, 1.0),
        level=level,
        effect=Effect(0.0, (-1.0, 1.0)),
        num_pairs=0,
        kept=kept,
        shift=shift,
        found_shifts=None,
    )
