"""Lossy sight: agents miss some of the others."""

import copy
import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.acceleration import compiled_beside
from rallypoint.batch_env import Array, BatchEnv, Mask
from rallypoint.draws import Draws, Floats
from rallypoint.errors import InvalidConfig
from rallypoint.safety.cells import gathered, spread
from rallypoint.safety.concerned import groups_concerned
from rallypoint.safety.known import Known
from rallypoint.safety.sight import Sight
from rallypoint.safety.threats import Proposal, Site, State, Threat, register


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
        cells = known.opportunities
        percepts = gathered(known.own_percept, cells)
        coins = draws.coins(self.loss, cells, (sight.num_agents,))
        return Proposal(known.affordable, spread(missed(sight, percepts, coins), cells)), state


def missed(sight: Sight, percepts: Array, coins: Mask) -> Array:
    """Return percepts without those whose coin has fallen: (k, entries), (k, N) -> (k, entries)."""
    fast = compiled_beside("rallypoint.safety.compiled_sight")
    if fast is None or percepts.dtype != np.float32:
        others = sight.others(percepts)
        return sight.percepts(others - fallen_for(others, coins), percepts)
    counts = np.arange(sight.num_agents + 1)
    entry_by_count = np.minimum(counts * sight.unit, sight.highest).astype(np.float32)
    seen = np.empty(percepts.shape, dtype=np.float32)
    whole = np.ascontiguousarray(percepts)
    fast.miss(whole, coins, seen, entry_by_count, np.float32(sight.unit), sight.here)
    return seen


def fallen_for(others: Floats, coins: Mask) -> Floats:
    """Count in each entry those whose coin has fallen: (…, entries), (…, N) -> (…, entries).

    The others are numbered entry by entry, so each has a coin of its own.
    """
    most, entries = coins.shape[-1], others.shape[-1]
    # The short axes first, one after another: NumPy's own sums along them take ten times as long.
    number = math.prod(others.shape[:-1])
    tossed = np.ascontiguousarray(coins.reshape(number, most).T)
    seen = np.ascontiguousarray(others.reshape(number, entries).T, dtype=np.int64)
    fallen = np.zeros((most + 1, number), dtype=np.int32)
    for coin in range(most):
        np.add(fallen[coin], tossed[coin], out=fallen[coin + 1])
    observers = np.arange(number)
    missed = np.empty(seen.shape)
    end = np.zeros(number, dtype=np.int64)
    before = fallen[0]
    for entry in range(entries):
        end = np.minimum(end + seen[entry], most)
        by_then = fallen.reshape(-1).take(end * number + observers)
        missed[entry] = by_then - before
        before = by_then
    return np.ascontiguousarray(missed.T).reshape(others.shape)
