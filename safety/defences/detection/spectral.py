"""Spectral signatures: squared offsets along the widest direction."""

from dataclasses import dataclass

import numpy as np

from rallypoint.safety.defences.detection.detector import Floats, Looked


@dataclass(frozen=True, kw_only=True)
class Spectral:
    """Scores a row by its squared offset from the mean along the direction of largest variance.

    It finds a planted cloud only if nothing honest is wider: where honest rows vary a lot in some
    direction, that is the direction it looks along. ``Que`` whitens first.

    Source: Tran, Li & Madry (2018), "Spectral Signatures in Backdoor Attacks", NeurIPS,
    arXiv:1811.00636, algorithm 1.
    """

    def __call__(self, rows: Floats, share: float) -> Looked:
        """Look at rows (n, d)."""
        del share
        offsets = rows - rows.mean(axis=0)
        variances, directions = np.linalg.eigh(offsets.T @ offsets / len(rows))  # (d, d): n >= d
        scores = (offsets @ directions[:, -1]) ** 2
        usual = float(np.median(variances))  # of a direction in which nothing is planted
        return Looked(scores, float(variances[-1]) / usual if usual > 0 else np.inf, 1)
