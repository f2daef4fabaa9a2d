"""Who contributes which rows of a fragment."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.gradient.fragment import Fragment
from rallypoint.config import Config
from rallypoint.errors import InvalidConfig

Array = NDArray[Any]
Who = Literal["workers", "team"]


@dataclass(frozen=True, kw_only=True)
class Contributors(Config):
    """n contributors, in each of R runs that are played side by side.

    Workers own copies: in every run the first n-th of its copies belongs to worker 0, and so on,
    with all that the agents in them lived. In a team contributor i is agent i, with what it lived
    in all copies of its run.
    """

    who: Who = "workers"
    count: int  # n
    runs: int = 1  # R

    def check(self, num_copies: int, num_agents: int) -> None:
        """Refuse copies and agents that cannot be dealt out.

        Raises:
            InvalidConfig: says what must hold.
        """
        if self.who == "team" and self.count != num_agents:
            raise InvalidConfig(
                f"in a team every agent contributes: there are {num_agents} agents, and "
                f"{self.count} contributors were asked for"
            )
        share = self.runs * (self.count if self.who == "workers" else 1)
        if num_copies % share:
            raise InvalidConfig(
                f"{num_copies} copies cannot be dealt out evenly among {self.count} {self.who}"
                f"{f' in each of {self.runs} runs' if self.runs > 1 else ''}; take a multiple of "
                f"{share}"
            )

    def rows(self, of_steps: Array) -> Array:
        """Deal out (T, E, n_agents, …): (R, n, b, …), each contributor's rows lane by lane."""
        steps, copies, agents = of_steps.shape[:3]
        inner = of_steps.shape[3:]
        per_run = copies // self.runs
        if self.who == "team":
            split = of_steps.reshape(steps, self.runs, per_run, agents, *inner)
            dealt = np.moveaxis(split, (1, 3, 2, 0), (0, 1, 2, 3))
        else:
            own = per_run // self.count
            split = of_steps.reshape(steps, self.runs, self.count, own, agents, *inner)
            dealt = np.moveaxis(split, (1, 2, 3, 4, 0), (0, 1, 2, 3, 4))
        return dealt.reshape(self.runs, self.count, -1, *inner)

    def share(self, num_copies: int) -> int:
        """Return how many copies each contributor lives in."""
        per_run = num_copies // self.runs
        return per_run if self.who == "team" else per_run // self.count

    def first_copies(self, num_copies: int, counts: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return, for each run (R,), so many of the copies that each contributor has: (E,)."""
        own = self.share(num_copies)
        in_order = np.arange(num_copies).reshape(self.runs, -1) % own
        return (in_order < counts[:, None]).ravel()

    def of_copies(self, num_copies: int, num_agents: int, whom: NDArray[np.bool_]) -> Array:
        """Return which agents of which copies belong to some contributors (R, n): (E, N)."""
        per_run = num_copies // self.runs
        if self.who == "team":
            return np.repeat(whom, per_run, axis=0)
        per_copy = np.repeat(whom, per_run // self.count, axis=1).reshape(num_copies, 1)
        return np.broadcast_to(per_copy, (num_copies, num_agents)).copy()


def states_of_rows(fragment: Fragment) -> Array:
    """Return the state beside each row, for a central critic: (T, E, n, S)."""
    assert fragment.states is not None, "recorded for a central critic"
    num_agents = fragment.seen.shape[2]
    return np.repeat(fragment.states[:, :, None], num_agents, axis=2)
