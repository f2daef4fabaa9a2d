"""From what an agent sees to the row of its table."""

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from gymnasium.spaces import Discrete, Space
from numpy.typing import NDArray

from rallypoint.batch_env import BatchEnv
from rallypoint.config import Config, check_least
from rallypoint.envs.gathering import sectors
from rallypoint.errors import InvalidConfig


class Encoding(Protocol):
    """Numbers observations; a frozen dataclass, so that a table file can say which one it needs."""

    name: ClassVar[str]

    @property
    def num_states(self) -> int:
        """How many numbers there are."""
        ...

    def reads(self, space: Space[Any]) -> bool:
        """Say whether it can number the observations of a space."""
        ...

    def __call__(self, observations: NDArray[Any]) -> NDArray[np.int64]:
        """Number each agent's observation: (E, N, …) -> (E, N), in 0 … num_states - 1."""
        ...


@dataclass(frozen=True, kw_only=True)
class Sectors(Config):
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

    def reads(self, space: Space[Any]) -> bool:
        """Say whether these are counts on this ring."""
        return space.shape == (self.cells,)

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


@dataclass(frozen=True, kw_only=True)
class Index(Config):
    """Observations that are numbers already."""

    name: ClassVar[str] = "index"
    states: int  # how many
    first: int = 0  # the lowest

    def __post_init__(self) -> None:
        """Refuse a number of states that there cannot be."""
        check_least(self, 1, "states")

    @property
    def num_states(self) -> int:
        """As many as the world says."""
        return self.states

    def reads(self, space: Space[Any]) -> bool:
        """Say whether it is a discrete space whose numbers all have a row."""
        if not isinstance(space, Discrete):
            return False
        first, last = int(space.start), int(space.start + space.n)
        return self.first <= first and last <= self.first + self.states

    def __call__(self, observations: NDArray[Any]) -> NDArray[np.int64]:
        """Count each agent's number from 0: (E, N) -> (E, N)."""
        if self.first == 0:
            return observations.astype(np.int64, copy=False)
        return observations.astype(np.int64) - self.first


ENCODINGS: dict[str, type[Encoding]] = {"index": Index, "sectors": Sectors}


def refuse_unread(env: BatchEnv, encoding: Encoding) -> None:
    """Refuse a world whose observations an encoding cannot number.

    Raises:
        InvalidConfig: says whose.
    """
    for group in env.groups:
        if not encoding.reads(group.observation_space):
            raise InvalidConfig(
                f"{encoding} does not read what {group.name} of {env.id} see, "
                f"{group.observation_space}; use encoding_for(env)"
            )


def encoding_for(env: BatchEnv) -> Encoding:
    """Return the encoding of a world's observations that tables are learned with.

    Where groups see spaces of several sizes, there is a row for each number of any of them.

    Raises:
        InvalidConfig: there is none.
    """
    spaces = [group.observation_space for group in env.groups]
    numbered = [space for space in spaces if isinstance(space, Discrete)]
    if len(numbered) == len(spaces):
        first = min(int(space.start) for space in numbered)
        past = max(int(space.start + space.n) for space in numbered)
        return Index(states=past - first, first=first)
    if not env.id.startswith("gathering-v"):
        raise InvalidConfig(
            f"there is no way yet to number what agents of {env.id} see; tables are learned where "
            "observations are Discrete and in gathering-v0, other agents (`rallypoint list "
            "agents`) elsewhere"
        )
    (cells,) = spaces[0].shape or (0,)
    return Sectors(cells=cells)
