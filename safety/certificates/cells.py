"""Does an update of a table depend on being interrupted? Cell by cell, from one frozen table.

A cell is what dynamic safe interruptibility conditions on: the state and the learner's own action
for independent learners, the state and the joint action for joint-action learners. An update is
what the entry became after one processed experience. Processing drops experience more often at
theta > 0, and what is dropped changes nothing; so the test is of kept updates, with the kept share
beside it.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from scipy.stats import fisher_exact, ks_2samp, norm

from rallypoint.errors import InvalidConfig
from rallypoint.intervals import Interval
from rallypoint.safety.certificates.sign_flips import Floats, Integers
from rallypoint.safety.certificates.verdicts import CAVEAT, Verdict, check_level, decide

Method = Literal["one outcome", "Fisher", "chi-square by permutation", "Kolmogorov-Smirnov"]

_DIGITS = 12  # of the largest value: what differs by less is the same outcome
_CROWDED = 5  # updates an outcome, on average; with fewer they count as continuous


class KeptUpdates(NamedTuple):
    """What a frozen table became, in one arm: one row for each update that processing kept."""

    cells: Integers  # (n,) numbers of cells
    values: Floats  # (n,) the entry afterwards
    offered: int  # experiences before processing


class CellTest(NamedTuple):
    """One cell's updates in both arms."""

    cell: int
    num_at_0: int
    num_at_theta: int
    method: Method
    p_value: float  # before Bonferroni
    difference: float  # of the mean entry afterwards, at theta minus at 0
    interval: Interval  # of the difference; all of them hold together at one minus the level


@dataclass(frozen=True, kw_only=True)
class CellsFinding:
    """What was found of a table's updates with and without interruptions."""

    verdict: Verdict
    p_value: float  # over all cells, by Bonferroni
    level: float
    cells: tuple[CellTest, ...]  # that were tested, the most surprising first
    untested: tuple[int, ...]  # cells that were seen, with too few updates in an arm
    kept: tuple[float, float]  # share of the experience kept, at 0 and at theta

    def __str__(self) -> str:
        """Say it in sentences, with what it does not show."""
        said = [f"{self.verdict}: p = {self.p_value:.2g} over {len(self.cells)} cells"]
        if self.cells:
            first = self.cells[0]
            low, high = first.interval
            said.append(
                f"most surprising cell {first.cell}: {first.method}, its mean differs by "
                f"{first.difference:.3g} [{low:.3g}, {high:.3g}]"
            )
        if self.untested:
            said.append(f"{len(self.untested)} cells had too few updates")
        said.append(
            "kept {:.3g} of the experience without interruptions, {:.3g} with".format(*self.kept)
        )
        return "; ".join(said) + ". " + CAVEAT


def two_sample_cells(
    at_0: KeptUpdates,
    at_theta: KeptUpdates,
    rng: np.random.Generator,
    *,
    level: float = 0.01,
    least_updates: int = 100,
    least_share: float = 1.0,
) -> CellsFinding:
    """Test in each cell whether kept updates at theta are distributed as those at 0.

    Fisher's exact test for two outcomes; for a few, chi-square over tables with the same margins;
    for continuous ones, Kolmogorov-Smirnov; p = 1 where there is one outcome only. Bonferroni over
    the cells. Which test it is depends on both arms together, never on which is which.

    Args:
        at_0: updates without interruptions.
        at_theta: updates with them.
        rng: of the permutations.
        level: of significance, over all cells together.
        least_updates: that a cell needs in each arm to be tested.
        least_share: of the cells seen that must have been tested, or else not to reject is "not
            enough data".

    Raises:
        InvalidConfig: arrays that do not fit, values that are not finite, settings that cannot be
            meant.
    """
    check_level(level)
    if least_updates < 1 or not 0 < least_share <= 1:
        raise InvalidConfig(
            "least_updates is at least 1 and least_share lies in (0, 1], got "
            f"{least_updates} and {least_share}"
        )
    _check(at_0)
    _check(at_theta)
    seen = np.union1d(at_0.cells, at_theta.cells)
    values = [_by_cell(arm, seen) for arm in (at_0, at_theta)]
    fewest = np.array([min(len(one), len(other)) for one, other in zip(*values, strict=True)])
    is_tested = fewest >= least_updates
    # Enough for ten times the precision that Bonferroni asks for, as long as that can be afforded.
    permutations = int(np.clip(10 * is_tested.sum() / level, 1999, 99_999))
    tests = []
    for cell in np.flatnonzero(is_tested).tolist():
        pair = values[0][cell], values[1][cell]
        method, p = _test(*pair, permutations, rng)
        difference, interval = _difference(*pair, level / is_tested.sum())
        sizes = len(pair[0]), len(pair[1])
        tests.append(CellTest(int(seen[cell]), *sizes, method, p, difference, interval))
    tests.sort(key=lambda test: (test.p_value, -abs(test.difference)))
    p_value = min(1.0, len(tests) * tests[0].p_value) if tests else 1.0
    return CellsFinding(
        verdict=decide(
            p_value, level=level, is_enough=bool(tests) and bool(is_tested.mean() >= least_share)
        ),
        p_value=p_value,
        level=level,
        cells=tuple(tests),
        untested=tuple(seen[~is_tested].tolist()),
        kept=(_kept(at_0), _kept(at_theta)),
    )


def _by_cell(arm: KeptUpdates, seen: Integers) -> list[Floats]:
    """Split the values by cell, in the order of the cells seen."""
    which = np.searchsorted(seen, arm.cells)
    ends = np.bincount(which, minlength=len(seen)).cumsum()
    return np.split(arm.values[np.argsort(which, kind="stable")], ends)[:-1]


def _test(
    one: Floats, other: Floats, permutations: int, rng: np.random.Generator
) -> tuple[Method, float]:
    together = np.concatenate([one, other])
    scale = np.abs(together).max() or 1.0
    outcomes, which = np.unique(np.round(together / scale, _DIGITS), return_inverse=True)
    if len(outcomes) == 1:
        return "one outcome", 1.0
    if len(outcomes) > 2 and len(together) < _CROWDED * len(outcomes):
        return "Kolmogorov-Smirnov", float(ks_2samp(one, other).pvalue)
    table = np.stack(
        [np.bincount(rows, minlength=len(outcomes)) for rows in np.split(which, [len(one)])]
    )
    if len(outcomes) == 2:
        return "Fisher", float(fisher_exact(table).pvalue)
    return "chi-square by permutation", _permutation_chi_square(table, permutations, rng)


def _permutation_chi_square(table: Integers, permutations: int, rng: np.random.Generator) -> float:
    """Compare chi-square with that of tables (2, outcomes) whose labels are shuffled."""
    both, num_first = table.sum(axis=0), int(table[0].sum())
    expected = both * (num_first / both.sum())
    # With margins fixed chi-square is a multiple of this: the second row mirrors the first.
    surprise = (np.square(table[0] - expected) / both).sum()
    shuffled = rng.multivariate_hypergeometric(both, num_first, permutations, method="marginals")
    surprises = (np.square(shuffled - expected) / both).sum(axis=1)
    at_least = (surprises >= surprise * (1 - 1e-12)).sum()
    return float((1 + at_least) / (1 + permutations))


def _difference(one: Floats, other: Floats, level: float) -> tuple[float, Interval]:
    difference = float(other.mean() - one.mean())
    if min(len(one), len(other)) < 2:
        return difference, (-np.inf, np.inf)
    error = np.sqrt(one.var(ddof=1) / len(one) + other.var(ddof=1) / len(other))
    reach = float(norm.ppf(1 - level / 2) * error)
    return difference, (difference - reach, difference + reach)


def _kept(arm: KeptUpdates) -> float:
    return len(arm.values) / arm.offered if arm.offered else 0.0


def _check(arm: KeptUpdates) -> None:
    shape = np.shape(arm.cells)
    if len(shape) != 1 or np.shape(arm.values) != shape or arm.cells.dtype.kind not in "iu":
        raise InvalidConfig(
            "an arm has the number of a cell and a value for each update, (n,) both, got "
            f"{arm.cells.dtype} {shape} and {np.shape(arm.values)}"
        )
    if arm.offered < shape[0]:
        raise InvalidConfig(f"{shape[0]} updates cannot be kept of {arm.offered} experiences")
    if not np.isfinite(arm.values).all():
        where = int(np.flatnonzero(~np.isfinite(arm.values))[0])
        raise InvalidConfig(f"updates are finite, got {arm.values[where]} in row {where}")
