"""Who is meant: the same agents always, or others in every copy and episode."""

import difflib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rallypoint.batch_env import Mask, Snapshot
from rallypoint.draws import Draws, Integers
from rallypoint.errors import InvalidConfig, RallypointError, UnknownName
from rallypoint.safety.known import sealed
from rallypoint.safety.limits import Share


class Ballot:
    """Keeps who is meant in each of E copies: ``chosen`` (E, N)."""

    def __init__(
        self,
        meant: str | tuple[str | int, ...] | Share | Mask,
        agents: Sequence[str],
        copies: NDArray[np.int64],
        *,
        channel: str,
        index: int = 0,
        label: str,
    ) -> None:
        """Find the agents that are named; a share of them is drawn when episodes begin.

        Args:
            meant: "all", names and indices, a share, or exactly these: (E, N).
            agents: all of them.
            copies: (E,) global ids.
            channel: of the draws, with an index if there are several of the name.
            index: see channel.
            label: whose ballot this is, for messages.

        Raises:
            UnknownName: an agent that is none; names the nearest.
            InvalidConfig: an index beyond the last, a share of more than there are, or a mask of
                another shape.
        """
        self._copies = copies
        self._channel = channel
        self._index = index
        self._draws: Draws | None = None
        shape = (len(copies), len(agents))
        self.chosen: Mask
        self.given: Mask | None = None  # (E, N) if a mask says who is meant, not names or draws
        if isinstance(meant, np.ndarray):
            if meant.shape != shape or meant.dtype != bool:
                raise InvalidConfig(
                    f"{label}: a mask of who is meant is a bool array {shape}, copies and agents, "
                    f"got an array {meant.shape} of {meant.dtype}"
                )
            self._counts: tuple[int, ...] = ()
            self.given = self.chosen = sealed(meant.copy())
            return
        try:
            self._counts = _numbers(meant, len(agents)) if isinstance(meant, Share) else ()
            always = () if isinstance(meant, Share) else meant
            self.chosen = sealed(np.broadcast_to(named(always, agents), shape).copy())
        except RallypointError as error:
            raise type(error)(f"{label}: {error}") from None

    @property
    def is_drawn(self) -> bool:
        """Whether others are meant in each copy and episode."""
        return bool(self._counts)

    def begin(self, rows: Mask, seed: int | None) -> None:
        """Draw for the copies whose episodes begin; a seed starts the draws anew."""
        if not self._counts:
            return
        if seed is not None:
            self._open(seed)
        assert self._draws is not None, "an episode begins with a seed, or after one that did"
        if seed is None:
            self._draws.begin_episode(rows)
        candidates = np.ones((int(rows.sum()), self.chosen.shape[1]), dtype=bool)
        chosen = self.chosen.copy()  # whoever was told the old one keeps it
        chosen[rows] = self._draws.choose(self._numbers(self._draws, rows), candidates, rows)
        self.chosen = sealed(chosen)

    def snapshot(self) -> Snapshot:
        """Return who is meant, and where the draws stand."""
        return {"chosen": self.chosen.copy(), **(self._draws.snapshot() if self._draws else {})}

    def restore(self, snapshot: Snapshot, seed: int) -> None:
        """Go on from a snapshot of the same seed."""
        self.chosen = sealed(snapshot["chosen"].copy())
        if self._counts:
            self._open(seed).restore(snapshot)

    def _numbers(self, draws: Draws, rows: Mask) -> int | Integers:
        """Return how many are meant in the copies whose episodes begin."""
        if len(self._counts) == 1:
            return self._counts[0]
        drawn = (draws.random((), rows) * len(self._counts)).astype(np.int64)
        return np.array(self._counts)[drawn]

    def _open(self, seed: int) -> Draws:
        self._draws = Draws(seed, self._channel, self._copies, index=self._index, ahead=1)
        return self._draws


def _numbers(share: Share, num_agents: int) -> tuple[int, ...]:
    """Return how many of N agents a share may be."""
    most = share.of(num_agents)  # refuses what cannot be
    return (most,) if share.counts is None else share.counts


def covered(victims: str | tuple[str | int, ...] | Share, agents: Sequence[str]) -> frozenset[str]:
    """Return all agents that may turn out to be meant: those named, or everybody.

    Raises:
        UnknownName, InvalidConfig: see ``named``.
    """
    mask = named(victims if isinstance(victims, tuple) else "all", agents)
    return frozenset(agent for agent, meant in zip(agents, mask, strict=True) if meant)


def named(meant: str | tuple[str | int, ...], agents: Sequence[str]) -> Mask:
    """Return the agents that are named, as a mask (N,).

    Raises:
        UnknownName: an agent that is none; names the nearest.
        InvalidConfig: an index below 0 or beyond the last.
    """
    mask = np.full(len(agents), meant == "all")
    if isinstance(meant, str):
        return mask
    index_by_name = {agent: index for index, agent in enumerate(agents)}
    for agent in meant:
        if isinstance(agent, str) and agent not in index_by_name:
            nearest = difflib.get_close_matches(agent, agents, n=1)
            hint = f"; did you mean {nearest[0]!r}?" if nearest else "."
            everybody = agents[0] if len(agents) == 1 else f"{agents[0]} … {agents[-1]}"
            raise UnknownName(
                f"no agent is called {agent!r}{hint} The {len(agents)} agents are {everybody}"
            )
        if isinstance(agent, int) and not 0 <= agent < len(agents):
            raise InvalidConfig(f"there is no agent {agent}: indices are 0 … {len(agents) - 1}")
        mask[index_by_name[agent] if isinstance(agent, str) else agent] = True
    return mask
