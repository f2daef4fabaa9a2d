"""Samples, some of them corrupt, in four shapes."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.draws import stream

Rows = NDArray[np.float64]
Shape = Callable[[Rows], Rows]
FAR = 1.5  # from the honest mean, in honest standard deviations, in each coordinate


def cluster(noise: Rows) -> Rows:
    """Crowd in one place, N(1.5, 0.01): as far from the mean as honest samples are."""
    rows: Rows = FAR + 0.1 * noise
    return rows


def cloud(noise: Rows) -> Rows:
    """Spread as the honest do, N(1.5, 1): none is odd by itself."""
    rows: Rows = FAR + noise
    return rows


def two_clusters(noise: Rows) -> Rows:
    """Crowd in two places at right angles, so that there are two bad directions."""
    rows = cluster(noise)
    rows[::2, ::2] -= 2 * FAR
    return rows


def subtle(noise: Rows) -> Rows:
    """Stay near: a cloud off by 3 in all, along the diagonal, whatever d is."""
    rows: Rows = 3 / np.sqrt(noise.shape[1]) + noise
    return rows


SHAPES: dict[str, Shape] = {shape.__name__: shape for shape in (cluster, cloud, two_clusters)}
SHAPES["subtle"] = subtle  # which no rule can tell from bad luck: it costs little, and costs it


class Samples(NamedTuple):
    """Samples of which the last are corrupt; the truth is zero."""

    rows: Rows  # (n, d)
    corrupt: int

    @property
    def honest(self) -> Rows:
        """The others: (n - corrupt, d)."""
        return self.rows[: len(self.rows) - self.corrupt]


def draw(seed: int, shape: str, *, samples: int, corrupt: int, d: int) -> Samples:
    """Draw standard normal samples, and corrupt ones of a shape in the place of some."""
    rows = stream(seed, "robust_mean/samples", d, samples).standard_normal((samples, d))
    rows[samples - corrupt :] = SHAPES[shape](rows[samples - corrupt :])
    return Samples(rows, corrupt)
