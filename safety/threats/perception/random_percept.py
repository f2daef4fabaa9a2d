"""Random percepts: anything within reach."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from rallypoint.batch_env import Array, BatchEnv
from rallypoint.draws import Draws, Floats
from rallypoint.errors import InvalidConfig
from rallypoint.safety.concerned import groups_concerned
from rallypoint.safety.known import Known
from rallypoint.safety.perception.geometry import uniform_lies
from rallypoint.safety.perception.room import Room
from rallypoint.safety.threats import Proposal, State, register
from rallypoint.safety.threats.perception import PerceptionThreat


@register
@dataclass(frozen=True, kw_only=True)
class RandomPercept(PerceptionThreat):
    """Agents see anything within reach, uniformly and anew at every step.

    The attack to compare others with: an agent that falls to it need not be attacked at all.
    """

    kind: ClassVar[str] = "random_percept"

    def fit(self, env: BatchEnv) -> Self:
        """Return itself; see ``Threat.fit``.

        Raises:
            InvalidConfig: there is no limit to what is drawn.
        """
        super().fit(env)
        for group in groups_concerned(self, env):
            space: Any = group.observation_space
            is_open = hasattr(space, "low") and not np.isfinite([space.low, space.high]).all()
            if is_open and self.reach.step is None:
                raise InvalidConfig(
                    f"random_percept draws uniformly, and what group {group.name!r} sees has no "
                    "bounds; give the largest lie at one step, reach.step"
                )
        return self

    def apply(self, state: State, known: Known, draws: Draws) -> tuple[Proposal, State]:
        """Show anything."""
        truths, candidates = known.own_percept, known.affordable
        assert known.reach is not None, "fitted"
        where = self.picked(known, candidates, draws, None)
        rooms = known.reach.rooms(where)
        lies = _drawn(known.reach, truths, rooms, draws)
        return Proposal(where, known.reach.confined(lies, truths, where)), state


def _drawn(room: Room, truths: Array, rooms: Floats, draws: Draws) -> Array:
    measure = room.measure
    if measure.neighbours is not None:
        first = int(getattr(measure.group.observation_space, "start", 0))
        others = measure.neighbours[truths - first]  # (e, n, P)
        numbers = draws.random((truths.shape[1], 1))
        rank = (numbers * others.sum(axis=-1, keepdims=True)).astype(np.int64) + 1
        chosen = (others.cumsum(axis=-1) == rank) & others
        found = np.where(chosen.any(axis=-1), chosen.argmax(axis=-1) + first, truths)
        return found.astype(truths.dtype)
    entries = int(np.prod(truths.shape[2:], dtype=np.int64))
    numbers = draws.random((truths.shape[1], entries + 1))
    space: Any = measure.group.observation_space
    wide = np.nan_to_num(space.high.astype(np.float64) - space.low, posinf=0.0).max(initial=0.0)
    within = np.where(np.isfinite(rooms), rooms, wide)
    lies = uniform_lies(
        truths, within, units=measure.units, norm=measure.reach.norm, numbers=numbers
    )
    return lies.astype(truths.dtype)
