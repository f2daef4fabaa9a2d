"""How likely one threat was to interrupt each agent, as it tells."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rallypoint.batch_env import Mask
from rallypoint.draws import Floats
from rallypoint.safety.known import sealed


class Told(NamedTuple):
    """What a threat told of one group."""

    columns: slice
    opportunities: Mask  # (e, n); of others nobody asks
    odds: Floats | None  # (e, n) chance of an interruption; None if it does not tell

    def is_still(self, other: "Told") -> bool:
        """Say whether this is the very same, which nobody can have written to."""
        return (
            self.opportunities is other.opportunities
            and self.odds is other.odds
            and (self.odds is None or not self.odds.flags.writeable)
        )


class Chances:
    """Chances at the last moment of interruptions by one threat: NaN where it does not tell."""

    def __init__(self) -> None:
        self.theta: Floats = np.zeros(())  # (e, N) chance of an interruption
        self.spared: Floats = np.ones(())  # (e, N) of none
        self._told: Sequence[Told] = ()

    def tell(self, shape: tuple[int, ...], told: Sequence[Told]) -> None:
        """Take note of what is told of each group; nothing is made anew of what was told before."""
        before, self._told = self._told, told
        alike = self.theta.shape == shape and len(before) == len(told)
        if alike and all(map(Told.is_still, told, before)):
            return
        odds = np.zeros(shape)
        for columns, opportunities, said in told:
            chances = np.nan if said is None else said
            np.copyto(odds[:, columns], chances, where=opportunities)
        self.spared = 1 - odds
        self.theta = sealed(1 - self.spared)
