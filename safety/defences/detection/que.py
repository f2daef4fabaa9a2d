"""QUE: offsets in every direction count, the wider the more, once honest ones are made equal."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rallypoint import config
from rallypoint.declared import check_declared
from rallypoint.draws import check_seed, stream
from rallypoint.errors import InvalidConfig
from rallypoint.safety.defences.detection.detector import Floats, Looked, check_rows
from rallypoint.safety.defences.detection.robust_moments import robust_moments, unit_of

_TRIED = 10  # numbers of principal components


@dataclass(frozen=True, kw_only=True)
class Que(config.Config):
    """Whitens rows by a robust covariance, then scores them by quantum entropy.

    As in SPECTRE the rows' first principal components are looked at, ten numbers of them between
    1 and ``components``, spread as squares are; that number counts whose mean score, with Q of
    trace one, is largest. Each has a robust covariance of its own: among few components a cloud
    stands out from chance that is lost among many.

    Source: Hayase, Kong, Somani & Oh (2021), "SPECTRE: Defending Against Backdoor Attacks Using
    Robust Statistics", ICML, arXiv:2104.11315; scores of Dong, Hopkins & Li (2019), "Quantum
    Entropy Scoring", arXiv:1906.11366.
    """

    alpha: float = 4.0  # 0 for squared norms; large for the widest direction alone
    components: int = 100  # the most that are tried
    enough: int = 3000  # rows by which a covariance is estimated; of more, so many are drawn
    seed: int = 0  # of that draw

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            InvalidConfig: says what must hold.
        """
        _check_alpha(self.alpha)
        config.check_least(self, 1, "components")
        config.check_least(self, 2, "enough")
        check_seed(self.seed)

    def __call__(self, rows: Floats, share: float) -> Looked:
        """Look at rows (n, d)."""
        principal, variances = _principal(rows, self.components)
        some = self._some(principal)
        found = [
            _looked(some[:, :k], variances[:k], share, self.alpha) for k in _numbers(len(variances))
        ]
        strength, mean, units, weights = max(found, key=lambda one: one[0])
        k = len(mean)
        return Looked(((principal[:, :k] - mean) @ units) ** 2 @ weights, strength, k)

    def _some(self, rows: Floats) -> Floats:
        if len(rows) <= self.enough:
            return rows
        drawn = stream(self.seed, "detection/rows").permutation(len(rows))[: self.enough]
        some: Floats = rows[np.sort(drawn)]
        return some


def quantum_scores(white: ArrayLike, alpha: float = 4.0) -> Floats:
    """Return yᵀ Q y of rows (n, k) that honest ones alone would have the covariance I and mean 0.

    Q = exp(alpha (C - I) / (|C| - 1)), divided by its trace, for the rows' covariance C about 0
    and its largest eigenvalue |C|; with |C| <= 1, where nothing is too wide, Q = I / k.

    >>> import numpy as np
    >>> rows = np.array([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    >>> quantum_scores(rows, 4.0).round(3).tolist()
    [8.908, 8.908, 0.01, 0.01]

    Raises:
        InvalidConfig: no such rows, or no such alpha.
    """
    _check_alpha(alpha)
    rows = check_rows(white, "rows")
    directions, weights = _quantum(rows.T @ rows / len(rows), alpha)
    scores: Floats = (rows @ directions) ** 2 @ weights
    return scores


def _quantum(covariance: Floats, alpha: float) -> tuple[Floats, Floats]:
    """Return the directions (k, k), in columns, and the weights (k,) that make up Q."""
    variances, directions = np.linalg.eigh(covariance)
    excess = float(variances[-1]) - 1
    heat = alpha / excess if excess > 0 else 0.0
    # By the widest direction, which cancels and keeps the exponentials in range.
    weights = np.exp(heat * (variances - variances[-1]))
    return directions, weights / weights.sum()


def _looked(
    some: Floats, variances: Floats, share: float, alpha: float
) -> tuple[float, Floats, Floats, Floats]:
    """Return the mean score of all rows, a mean (k,), and units (k, k) and weights (k,) of scores.

    Of all rows' covariance in these units (k, k) numbers tell, so all are scored once only.

    Args:
        some: rows (m, k) by their principal components, about the mean of all.
        variances: (k,) of all rows, along them.
        share: of the rows, that may be planted.
        alpha: see ``Que``.
    """
    mean, covariance = robust_moments(some, share)
    units = unit_of(covariance)
    white = units.T @ (np.diag(variances) + np.outer(mean, mean)) @ units
    directions, weights = _quantum(white, alpha)
    rotated = units @ directions
    strength = float(np.einsum("ij,ik,kj,j->", directions, white, directions, weights))
    return strength, mean, rotated, weights


def _check_alpha(alpha: float) -> None:
    check_declared({"alpha": alpha}, {"alpha": float})
    if not 0 <= alpha < np.inf:
        raise InvalidConfig(f"alpha is a number of at least 0, got {alpha}")


def _principal(rows: Floats, most: int) -> tuple[Floats, Floats]:
    """Return rows about their mean by their widest directions (n, k), and variances (k,).

    A neuron that never fires, or two that always do alike, tell nothing and cannot be whitened.
    """
    offsets = rows - rows.mean(axis=0)
    variances, directions = np.linalg.eigh(offsets.T @ offsets / len(rows))
    wide = int(np.count_nonzero(variances > variances[-1] * 1e-9))
    k = max(1, min(most, wide))
    return offsets @ directions[:, ::-1][:, :k], variances[::-1][:k]


def _numbers(most: int) -> list[int]:
    roots = np.linspace(1, math.sqrt(most), _TRIED)
    return sorted({*np.rint(roots**2).astype(int).tolist()})
