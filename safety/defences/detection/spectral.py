"""Spectral signatures: squared offsets along the widest direction."""

from dataclasses import dataclass

import numpy as np

from rallypoint.config import Config
from rallypoint.safety.defences.detection.detector import Floats, Looked


@dataclass(frozen=True, kw_only=True)
class Spectral(Config):
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
        # Of a direction in which nothing is planted; neurons that never fire have none.
        varying = variances[variances > variances[-1] * 1e-9]
        strength = float(variances[-1] / np.median(varying)) if len(varying) else 0.0
        return Looked(scores, strength, 1)
