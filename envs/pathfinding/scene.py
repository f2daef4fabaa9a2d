"""What pictures and texts show of one copy."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.batch_env import Mask
from rallypoint.envs.drawing.captions import time_of


class Scene(NamedTuple):
    """One map, and who is where."""

    obstacles: Mask  # (S, S)
    places: NDArray[np.int64]  # (N, 2) rows and columns, -1 for an agent not in the world
    goals: NDArray[np.int64]  # (N, 2), also of those who are gone
    step: int
    time_limit: int | None

    @property
    def present(self) -> Mask:
        """Who is still on the way: (N,)."""
        present: Mask = self.places[:, 0] >= 0
        return present

    @property
    def summary(self) -> str:
        """How far the episode is, and how many are on their way."""
        on_the_way = int(self.present.sum())
        return (
            f"{time_of(self.step, self.time_limit)}, {on_the_way} of {len(self.places)} on the way"
        )
