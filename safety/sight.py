"""What agents' percepts say of where the others are, as a world's geometry explains them."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from rallypoint.batch_env import Array, BatchEnv, Geometry, Group
from rallypoint.draws import Floats, Integers
from rallypoint.errors import InvalidConfig, NotOffered


@dataclass(frozen=True)
class Sight:
    """How the percepts of one group count whom they see: one entry for each place around oneself.

    Entries are numbers of agents (gathering), or shares of the population (torus); the observer is
    among those it counts, at offset 0.
    """

    offsets: Integers  # (entries, k) places, seen from the observer
    reach: Integers  # (entries,) steps from the observer to each place
    between: Integers  # (entries, entries) steps from place to place
    here: int  # the entry that holds the observer itself
    unit: float  # of an entry: what one agent adds to it
    highest: float  # that an entry can be
    num_agents: int  # N, of the population
    moves: Integers  # (actions, k) by how much each action moves the observer

    @property
    def is_share(self) -> bool:
        """Whether entries are shares of the population, and not numbers of agents."""
        return self.unit < 1

    @classmethod
    def of(cls, env: BatchEnv, group: Group) -> "Sight":
        """Read a world's geometry; it must have been reset.

        Raises:
            NotOffered: the world has no geometry.
            InvalidConfig: it does not say what each entry of this group's percepts means, or no
                entry speaks of the observer's own place.
        """
        if "geometry" not in env.offers:
            raise NotOffered(
                f"who is where in a percept is known from a world's geometry, and {env.id} does "
                "not offer geometry"
            )
        geometry = env.geometry()
        space: Any = group.observation_space
        own = np.flatnonzero(~geometry.offsets.any(axis=1))
        if space.shape != (len(geometry.offsets),) or len(own) != 1:
            raise InvalidConfig(
                f"the geometry of {env.id} speaks of {len(geometry.offsets)} entries, one of them "
                f"the observer's own place, and group {group.name!r} sees {space}"
            )
        cells = geometry.cells(geometry.offsets)
        highest = float(space.high.max())
        return cls(
            offsets=geometry.offsets,
            reach=np.abs(geometry.offsets).sum(axis=1),
            between=geometry.distances[cells[:, None], cells],
            here=int(own[0]),
            unit=highest / env.num_agents,
            highest=highest,
            num_agents=env.num_agents,
            moves=_moves(geometry),
        )

    @cached_property
    def entry_by_count(self) -> Floats:
        """What an entry is that counts so many: (N + 1,)."""
        entries: Floats = np.minimum(np.arange(self.num_agents + 1) * self.unit, self.highest)
        return entries

    def others(self, percepts: Array) -> Floats:
        """Count the others seen in each entry: (…, entries) percepts -> whole numbers."""
        counts: Floats = np.rint(percepts / self.unit)
        counts[..., self.here] = np.maximum(counts[..., self.here] - 1, 0)
        return counts

    def percepts(self, others: Floats, before: Array) -> Array:
        """Return percepts that count these others, of those who saw something before at all."""
        counts = others.copy()
        counts[..., self.here] += 1
        counts *= self.unit
        seen: Array = np.minimum(counts, self.highest, out=counts).astype(before.dtype)
        return self.shown(seen, before)

    def shown(self, seen: Array, before: Array) -> Array:
        """Return what is seen by those who saw something before, and the others' nothing."""
        # Who is not in the world sees nothing; what is counted is not negative.
        saw = before @ np.ones(before.shape[-1], dtype=before.dtype) > 0
        return seen if saw.all() else np.where(saw[..., None], seen, before)


def _moves(geometry: Geometry) -> Integers:
    """Return by how much each action moves an agent, the short way round."""
    leads_to = np.stack(np.unravel_index(geometry.leads_to[:, 0], tuple(geometry.sides)), axis=1)
    half = geometry.sides // 2
    moves: Integers = (leads_to + half) % geometry.sides - half
    return moves
