"""One copy of a colony, as it is shown."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.envs.drawing.captions import missing, time_of
from rallypoint.envs.drawing.dots import Marks


class Scene(NamedTuple):
    """What there is to show of a copy."""

    stimuli: NDArray[np.float64]  # (K,)
    needed: NDArray[np.float64]  # (K,) workers that would keep each stimulus where it is
    apparent: NDArray[np.int64]  # (N,) what each ant appears to do: 0 idle, 1 … K
    works: NDArray[np.bool_]  # (N,) who really does
    alive: NDArray[np.bool_]  # (N,)
    cap: float
    step: int
    time_limit: int | None

    def doing(self, task: int) -> NDArray[np.intp]:
        """Return who appears to do this: 0 for idle, 1 … K."""
        return np.flatnonzero(self.alive & (self.apparent == task))

    def notes(self, marks: Marks | None) -> list[str]:
        """Say who only seems to work, who is gone and how many have each mark."""
        pretend = int((self.alive & (self.apparent > 0) & ~self.works).sum())
        said = [f"{pretend} only seem to work"] if pretend else []
        if gone := missing(self.alive):
            said.append(gone)
        return said + [f"{int(mask.sum())} {name}" for name, mask in (marks or {}).items()]

    @property
    def when(self) -> str:
        """How far the episode is."""
        return time_of(self.step, self.time_limit)
