"""From what an agent sees to the row of its table."""

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from rallypoint.batch_env import BatchEnv
from rallypoint.envs.gathering import sectors
from rallypoint.errors import InvalidConfig


class Encoding(Protocol):
    """Numbers observations; a frozen dataclass, so that a table file can say which one it needs."""

    name: ClassVar[str]

    @property
    def num_states(self) -> int:
        """How many numbers there are."""
        ...

    def __call__(self, observations: NDArray[Any]) -> NDArray[np.int64]:
        """Number each agent's observation: (E, N, …) -> (E, N), in 0 … num_states - 1."""
        ...


@dataclass(frozen=True, kw_only=True)
class Sectors:
    """The shares of the population in six sectors of a ring, in ten representatives."""

    name: ClassVar[str] = "sectors"
    cells: int = 13  # L of the ring

    def __post_init__(self) -> None:
        """Refuse a ring that there is not."""
        if isinstance(self.cells, bool) or not isinstance(self.cells, int) or self.cells < 3:
            raise InvalidConfig(f"cells is an integer >= 3, got {self.cells!r}")

    @property
    def num_states(self) -> int:
        """3003: the ways to share ten representatives among six sectors."""
        return sectors.NUM_PERCEPTS

    def __call__(self, observations: NDArray[Any]) -> NDArray[np.int64]:
        """Number each agent's counts: (E, N, L) -> (E, N).

        Raises:
            InvalidConfig: they are counts on another ring, or none.
        """
        if observations.shape[-1] != self.cells:
            raise InvalidConfig(
                f"these sectors are of a ring of {self.cells} cells, and what is seen has "
                f"{observations.shape[-1]} entries; use Sectors(cells=L) of the same ring"
            )
        return sectors.percept_index(observations, self.cells)


ENCODINGS: dict[str, type[Encoding]] = {"sectors": Sectors}


def encoding_for(env: BatchEnv) -> Encoding:
    """Return the encoding of a world's observations that tables are learned with.

    Raises:
        InvalidConfig: there is none.
    """
    if not env.id.startswith("gathering-v"):
        raise InvalidConfig(
            f"there is no way yet to number what agents of {env.id} see; tables are learned in "
            "gathering-v0, other agents (`rallypoint list agents`) elsewhere"
        )
    (cells,) = env.groups[0].observation_space.shape or (0,)
    return Sectors(cells=cells)
