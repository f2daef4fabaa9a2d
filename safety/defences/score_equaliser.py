"""Trust that does not punish an honest minority: group means of a score made equal, at least cost.

A score of whoever is judged, such as how far a contributor's updates are from the others', may be
lower for a whole group that is only different: other sensors, other tasks, later arrivals. Then a
threshold on it throws honest members out. The equaliser corrects the score by *profile*, which is
what is known of a member at run time, and never by group, which is not.

Source: El Mhamdi, Guerraoui, Hoang & Maurer (2018), "Removing Algorithmic Discrimination (With
Minimal Individual Error)", arXiv:1806.02510. Its abstract was read; the linear programmes are ours
and have the solution it states for two groups.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rallypoint.declared import check_declared
from rallypoint.errors import InvalidConfig
from rallypoint.safety.defences.numbers import as_numbers

Floats = NDArray[np.float64]

_ROUNDING = 1e-9  # of sums of probabilities
_EQUAL = 1e-13  # a share of means by which they differ only in rounding
_MOST = 1e6  # times the gap: a cap on corrections beyond it is as good as this one


class Equalised(NamedTuple):
    """A correction, and what it comes to."""

    correction: Floats  # (X,) to be added to the score of each profile
    error: float  # the largest correction of anybody
    gap: float  # between the highest and the lowest corrected group mean


def equalise(
    scores: ArrayLike,
    groups: ArrayLike,
    *,
    means: ArrayLike | None = None,
    most: float | None = None,
) -> Equalised:
    """Return the correction of least individual error that makes all group means equal.

    With ``most``, the correction of nobody exceeds it, and the gap between the group means is made
    as small as it can be, with no larger corrections than that takes.

    >>> found = equalise([0.9, 0.5], [[1.0, 0.0], [0.0, 1.0]])
    >>> found.correction.round(12).tolist(), round(found.error, 12)
    ([-0.2, 0.2], 0.2)

    Args:
        scores: (X,) of each profile.
        groups: (G, X) how the profiles are distributed in each group; rows add up to 1.
        means: (G,) of the score in each group, where it is no function of the profile alone; two
            members of one profile may then have different scores, in one group more than in the
            other.
        most: the largest correction that is allowed, >= 0; as large as it takes if not given.

    Raises:
        InvalidConfig: groups are empty or no distributions, scores are not finite, or groups of
            different means cannot be told apart by their profiles.
    """
    s, p = _checked(scores, groups)
    check_declared({"most": most}, {"most": float | None})
    if most is not None and not most >= 0:
        raise InvalidConfig(f"most is the largest correction, >= 0, got {most!r}")
    own = p @ s if means is None else _means(means, len(p))
    correction = np.zeros(len(s))
    with np.errstate(over="ignore"):
        spread = float(np.ptp(own))
    if not np.isfinite(spread):
        raise InvalidConfig(
            f"group means from {own.min():g} to {own.max():g} are further apart than numbers "
            "reach; bring scores to a smaller scale"
        )
    if spread > _EQUAL * float(np.abs(own).max()):
        # In units of the spread: what solvers take for nothing is a number, whatever scores are.
        unit = (own - own.min()) / spread
        correction = spread * _solved(unit, p, None if most is None else most / spread)
        if most is not None:  # by the last bits
            correction = np.clip(correction, -most, most)
    gap = float(np.ptp(own + p @ correction))
    return Equalised(correction, float(np.abs(correction).max()), gap)


def least_error(scores: ArrayLike, groups: ArrayLike) -> float:
    """Return the least individual error for two groups: |D| / (2 TV), in closed form.

    D is the difference of the group means and TV the total variation between the groups.

    Raises:
        InvalidConfig: as ``equalise`` does; or there are not two groups.
    """
    s, p = _checked(scores, groups)
    if len(p) != 2:
        raise InvalidConfig(f"the closed form is for two groups, got {len(p)}")
    difference, apart = float(p[0] @ s - p[1] @ s), float(np.abs(p[0] - p[1]).sum())
    return abs(difference) / apart if apart > _ROUNDING else 0.0


def _solved(means: Floats, p: Floats, most: float | None) -> Floats:
    """Minimise the largest correction under equal means; or the gap, under a cap: (X,).

    Raises:
        InvalidConfig: groups that profiles do not tell apart have different means, and no cap.
    """
    from scipy.optimize import linprog  # slow to import

    num_groups, num_profiles = p.shape
    # Variables: corrections (X,), the largest of them, the gap, and the lowest mean. Under a cap
    # the gap weighs so much more that the largest correction only decides among equal gaps.
    weight, largest, gap = (0.0, None, 0) if most is None else (_MOST, min(most, _MOST), None)
    eye, ends = np.eye(num_profiles), np.zeros((num_profiles, 2))
    each, one = np.ones((num_profiles, 1)), np.ones((num_groups, 1))
    within = np.block([[eye, -each, ends], [-eye, -each, ends]])
    between = np.block([[p, 0 * one, -one, -one], [-p, 0 * one, 0 * one, one]])
    solved = linprog(
        np.concatenate([np.zeros(num_profiles), [1, weight, 0]]),
        A_ub=np.vstack([within, between]),
        b_ub=np.concatenate([np.zeros(2 * num_profiles), -means, means]),
        bounds=[(None, None)] * num_profiles + [(0, largest), (0, gap), (None, None)],
        method="highs",
    )
    if solved.status == 2:
        raise InvalidConfig(
            "groups of different mean scores are not told apart by their profiles, so that no "
            "correction by profile makes them equal; give profiles that tell more, or a cap as most"
        )
    correction: Floats = np.asarray(solved.x)[:num_profiles]
    return correction


def _means(means: ArrayLike, num_groups: int) -> Floats:
    own = as_numbers(means, "means")
    if own.shape != (num_groups,) or not np.isfinite(own).all():
        raise InvalidConfig(
            f"means has a finite number for each of {num_groups} groups, got {means!r}"
        )
    return own


def _checked(scores: ArrayLike, groups: ArrayLike) -> tuple[Floats, Floats]:
    s, p = as_numbers(scores, "scores"), as_numbers(groups, "groups")
    if s.ndim != 1 or p.ndim != 2 or p.shape[1:] != s.shape or not len(s) or not len(p):
        raise InvalidConfig(
            "scores are (X,) and groups (G, X), a distribution over profiles for each group, got "
            f"{s.shape} and {p.shape}"
        )
    if not np.isfinite(s).all():
        raise InvalidConfig(f"scores are finite, got {s[~np.isfinite(s)][:3].tolist()}")
    sums = p.sum(axis=1)
    if not (np.isfinite(p).all() and (p >= 0).all() and (np.abs(sums - 1) <= 1e-6).all()):
        raise InvalidConfig(
            "each group is a distribution over profiles: shares >= 0 that add up to 1, got sums "
            f"{sums.round(6).tolist()}; an empty group has none"
        )
    return s, p
