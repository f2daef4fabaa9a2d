"""Lossy sight: agents miss some of the others."""

import copy
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from rallypoint.acceleration import compiled_beside
from rallypoint.batch_env import Array, BatchEnv, Mask
from rallypoint.draws import Draws, Floats
from rallypoint.errors import InvalidConfig
from rallypoint.safety.cells import among
from rallypoint.safety.concerned import groups_concerned
from rallypoint.safety.known import Known
from rallypoint.safety.sight import Sight
from rallypoint.safety.threats import Proposal, Site, State, Threat, register

_BITS = 16
_ROWS = 2048  # at a time: what is made of them stays in cache
_ONE = np.uint16(1)


@register
@dataclass(frozen=True, kw_only=True)
class LossySight(Threat):
    """At each step an agent misses each of the others it would see, on a coin of its own.

    For worlds whose geometry says which entry of a percept counts whom. What is missed is gone from
    the percept; where entries are shares of the population, its part is as if out of sight.

    Source: the lost messages of Phan, Belzner, Gabor, Sedlmeier, Ritz & Linnhoff-Popien (2021),
    "Resilient Multi-Agent Reinforcement Learning with Adversarial Value Decomposition", AAAI, for
    agents that see each other instead of talking.
    """

    kind: ClassVar[str] = "lossy_sight"
    site: ClassVar[Site] = "observation"
    must_know: ClassVar[frozenset[str]] = frozenset({"own_percept"})
    takes_all: ClassVar[bool] = True
    idle_elsewhere: ClassVar[bool] = True

    knowledge: tuple[str, ...] = ("own_percept",)
    loss: float = 0.2  # chance of missing each of the others

    _sight: ClassVar[dict[str, Sight]] = {}  # by group, of an instance that was fitted to a world

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.loss <= 1:
            raise InvalidConfig(f"loss is a probability, got {self.loss}")

    @property
    def needs(self) -> frozenset[str]:
        """A world that says who is where in a percept."""
        return frozenset({"geometry"})

    def fit(self, env: BatchEnv) -> "LossySight":
        """Return it with the meaning of percepts looked up; see ``Threat.fit``."""
        fitted = copy.copy(self)
        sight = {group.name: Sight.of(env, group) for group in groups_concerned(self, env)}
        object.__setattr__(fitted, "_sight", sight)
        return fitted

    def in_words(self) -> dict[str, str]:
        """Say what is not seen."""
        return {"does": f"the agent misses each of the others with probability {self.loss:g}"}

    def apply(self, state: State, known: Known, draws: Draws) -> tuple[Proposal, State]:
        """Leave out whom the coins have fallen for."""
        sight = self._sight[known.group.name]
        where = known.affordable
        percepts = among(known.few("own_percept"), known.opportunities, where)
        coins = draws.coins(self.loss, where, (sight.num_agents,))
        return Proposal(where, missed(sight, percepts, coins)), state


def missed(sight: Sight, percepts: Array, coins: Mask) -> Array:
    """Return percepts without those whose coin has fallen: (k, entries), (k, N) -> (k, entries)."""
    fast = compiled_beside("rallypoint.safety.compiled_sight")
    seen = np.empty(percepts.shape, dtype=percepts.dtype)
    if fast is None or percepts.dtype != np.float32:
        entry_by_count = sight.entry_by_count.astype(percepts.dtype)
        for first in range(0, len(percepts), _ROWS):
            rows = slice(first, first + _ROWS)
            others = sight.others(percepts[rows])
            left = (others - fallen_for(others, coins[rows])).astype(np.int64, order="C")
            left[:, sight.here] += 1
            entry_by_count.take(left, out=seen[rows], mode="clip")
        return sight.shown(seen, percepts)
    whole = np.ascontiguousarray(percepts)
    units = np.float32(sight.unit), sight.unit, sight.highest
    fast.miss(whole, coins, seen, *units, sight.here)
    return seen


def fallen_for(others: Floats, coins: Mask) -> NDArray[np.uint32]:
    """Count in each entry those whose coin has fallen: (k, entries), (k, N) -> (k, entries).

    The others are numbered entry by entry, so each has a coin of its own.
    """
    # The short axis first, and its sums one after another: NumPy's own take twenty times as long.
    ends = np.array(others.T, order="C")
    for entry in range(1, len(ends)):
        ends[entry] += ends[entry - 1]
    fallen = np.zeros(ends.shape, dtype=np.uint32)  # of the coins up to each entry's last
    for first in range(0, coins.shape[1], _BITS):  # coins as the bits of a word
        some = coins[:, first : first + _BITS]
        word = (some @ 2.0 ** np.arange(some.shape[1])).astype(np.uint16)
        upto = np.clip(ends - first, 0, _BITS).astype(np.uint16)
        fallen += np.bitwise_count(word & ((_ONE << upto) - _ONE))
    by_entry: NDArray[np.uint32] = np.diff(fallen, axis=0, prepend=np.uint32(0)).T
    return by_entry
