"""What single switches change, and pairs of them beyond that: by seed, so that seeds are pairs."""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.experiments.factorial.design import Design
from rallypoint.intervals import Interval, bootstrap


class Effect(NamedTuple):
    """What one switch changes, or two together beyond what each changes alone."""

    switches: tuple[int, ...]
    by_seed: NDArray[np.float64]  # (seeds,)
    aliases: Mapping[tuple[int, ...], float]  # what is measured along with it, times so much

    @property
    def interval(self) -> Interval:
        """A 95 % bootstrap interval of the mean."""
        return bootstrap(self.by_seed)

    def seeds_needed(self) -> int | None:
        """Return about how many seeds would tell its sign, were it as large as it looks.

        None where it looks like nothing at all, or there is but one seed to look at.
        """
        if len(self.by_seed) == 1:
            return None
        mean, spread = float(self.by_seed.mean()), float(self.by_seed.std(ddof=1))
        return None if mean == 0 else max(3, math.ceil((1.96 * spread / mean) ** 2) + 1)


def effects(design: Design, response: NDArray[np.float64]) -> list[Effect]:
    """Return all effects of one switch, then those of two.

    The effect of a switch is the mean of the cells where it is on, less that of the others. That
    of two is how much more the one changes where the other is on: 0 where they just add up.

    Args:
        design: of the cells.
        response: (cells, seeds).
    """
    signs = 2.0 * design.on - 1  # (cells, k)
    k = signs.shape[1]
    found = []
    for switches in (*combinations(range(k), 1), *combinations(range(k), 2)):
        # A product of s signs has half of the cells at +1: each half is a mean of its own, and a
        # difference of differences is twice the difference of the two.
        contrast = signs[:, switches].prod(axis=1) * (2.0 ** len(switches)) / len(signs)
        found.append(Effect(switches, contrast @ response, design.aliases(switches)))
    return found


def in_words(switches: Sequence[int], names: Sequence[str]) -> str:
    """Name an effect."""
    return "+".join(names[switch] for switch in switches)
