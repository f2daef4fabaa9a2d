"""The ledger of lies: how far each may go now, what was spent, and that nobody spends more."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rallypoint.batch_env import Array, Group, Mask, Snapshot
from rallypoint.draws import Floats
from rallypoint.errors import InvalidConfig
from rallypoint.safety.cells import replaced
from rallypoint.safety.perception.geometry import (
    confined,
    neighbours_of,
    sizes,
    units_of,
)
from rallypoint.safety.perception.reach import Reach

# Rooms that are left over, or shared out, are shortened by this, so that sums of rounded sizes
# stay within the limit that they are taken off.
_SHAVED = 1 - 1e-9


class Measure:
    """How lies to one group are measured."""

    def __init__(self, reach: Reach, group: Group, label: str) -> None:
        """Look up units or neighbours.

        Raises:
            InvalidConfig: what the group sees cannot be measured so; says what else to do.
        """
        self.reach = reach
        self.group = group
        self.units: Floats = np.ones(())
        self.neighbours: Mask | None = None  # (P, P), of a number of a few
        if reach.neighbours is None:
            self.units = units_of(reach, group, label)
        else:
            self.neighbours = neighbours_of(reach, group, label)

    def sizes(self, lies: Array, truths: Array) -> Floats:
        """Return how large lies are: (e, n); infinite where one may not be told at all."""
        if self.neighbours is None:
            return sizes(lies, truths, self.units, self.reach.norm)
        first = int(getattr(self.group.observation_space, "start", 0))
        allowed = self.neighbours[truths - first, lies - first]
        return np.where(lies == truths, 0.0, np.where(allowed, 1.0, np.inf))

    def confined(self, lies: Array, truths: Array, rooms: Floats) -> Array:
        """Bring lies within a size (e, n): shortened, or, of a number, the truth instead."""
        if self.neighbours is None:
            space = self.group.observation_space
            norm = self.reach.norm
            return confined(lies, truths, rooms, units=self.units, norm=norm, space=space)
        told: Array = np.where(self.sizes(lies, truths) <= rooms, lies, truths)
        return told


class Ledger:
    """What one threat's lies have cost in E copies, and may still cost."""

    def __init__(
        self, reach: Reach, shape: tuple[int, int], groups: Sequence[Group], label: str
    ) -> None:
        """Open the books for a world.

        Args:
            reach: the limits.
            shape: (E, N) of the world.
            groups: those in which there may be victims.
            label: how messages name the threat.

        Raises:
            InvalidConfig: what a group sees cannot be measured so; says what else to do.
        """
        self.reach = reach
        self.measures = {group.name: Measure(reach, group, label) for group in groups}
        self.clipped = 0
        self._label = label
        columns = 1 if reach.shared else shape[1]
        self._spent = np.zeros((shape[0], columns))  # powers of sizes, in this episode
        self._now = np.zeros((shape[0], 1))  # likewise at this moment, where it is shared
        self._largest = 0.0  # at one step
        self._most = 0.0  # power, in one episode
        self._looked = False

    def begin(self, rows: Mask) -> None:
        """Open new books for the masked copies' episodes."""
        self._spent[rows] = 0.0

    def open(self, rows: Any) -> None:
        """Begin a moment of some copies."""
        self._now[rows] = 0.0

    def rooms(self, rows: Any, columns: slice, where: Mask, at_most: int | None = None) -> Floats:
        """Return how large each lie may be if these, or so many, are told at once: (e, n)."""
        power = self.reach.power
        step = np.inf if self.reach.step is None else float(self.reach.step)
        episode = np.inf if self.reach.episode is None else float(self.reach.episode) ** power
        columns = slice(None) if self.reach.shared else columns
        left = np.maximum(episode - self._spent[rows][:, columns], 0.0)  # (e, 1) or (e, n)
        if self.reach.shared:
            left = np.minimum(left, np.maximum(step**power - self._now[rows], 0.0))
        if self.reach.neighbours is not None:  # a lie is told or not
            turns = where.cumsum(axis=1) if self.reach.shared else 1
            return np.where(where & (turns <= left) & (step >= 1), 1.0, 0.0)
        if self.reach.shared:
            tellers = np.maximum(np.count_nonzero(where, axis=1), 1)[:, None]
            left = left / (tellers if at_most is None else np.minimum(tellers, at_most))
        is_limited = np.isfinite(left)
        rooms = np.where(is_limited, _SHAVED * left ** (1 / power), np.inf)
        return np.where(where, np.minimum(step, rooms), 0.0)

    def settle(self, rows: Any, span: Any, where: Mask, lies: Array, truths: Array) -> Array:
        """Bring lies to a group, a ``Span``, within the limits, and charge them: (e, n, …)."""
        measure = self.measures[span.group.name]
        self._refuse_one_hot(measure, truths, where)
        rooms = self.rooms(rows, span.columns, where)
        told = replaced(truths, where, lies)
        found = measure.sizes(told, truths)
        # Where there is no limit, an entry that must not be touched is beyond measure all the same.
        if (over := (found > rooms) | np.isinf(found)).any():
            self.clipped += int(np.count_nonzero(over))
            told = replaced(told, over, measure.confined(told, truths, rooms))
            found = measure.sizes(told, truths)
            # The truth is no lie, and the last resort where it lies outside of the space.
            still = found > rooms
            told = replaced(told, still, truths)
            found = np.where(still, 0.0, found)
        self.charge(rows, span.columns, found)
        return told

    def charge(self, rows: Any, columns: slice, found: Floats) -> None:
        """Book the sizes of lies that were told to a group of some copies: (e, n)."""
        power = self.reach.power
        powers = found**power
        if self.reach.shared:
            powers = powers.sum(axis=1, keepdims=True)
            self._now[rows] += powers
            self._spent[rows] += powers
            now = self._now[rows].max(initial=0.0) ** (1 / power)
        else:
            self._spent[rows, columns] += powers
            now = found.max(initial=0.0)
        self._largest = max(self._largest, float(now))
        self._most = max(self._most, float(self._spent.max(initial=0.0)))

    def told(self) -> dict[str, Any]:
        """Return what a receipt says of it."""
        most = float(self._most ** (1 / self.reach.power))
        return {"largest_lie": self._largest, "most_lied": most, "clipped": self.clipped}

    def snapshot(self) -> Snapshot:
        """Return everything to go on from."""
        extremes = np.array([self._largest, self._most, self.clipped, self._looked], np.float64)
        return {"spent": self._spent.copy(), "extremes": extremes}

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot."""
        self._spent = snapshot["spent"].copy()
        self._largest, self._most, clipped, looked = snapshot["extremes"].tolist()
        self.clipped, self._looked = int(clipped), bool(looked)

    def _refuse_one_hot(self, measure: Measure, truths: Array, where: Mask) -> None:
        """Refuse to measure by a norm what is made of zeros and ones, when it is first seen."""
        if self._looked or measure.neighbours is not None or not where.any():
            return
        self._looked = True
        space: Any = measure.group.observation_space
        flat = truths.reshape(*truths.shape[:2], -1)[where]
        in_unit = bool((space.low >= 0).all() and (space.high <= 1).all())
        if in_unit and flat.shape[1] > 1 and np.isin(flat, (0, 1)).all() and flat.any():
            raise InvalidConfig(
                f"{self._label} measures lies by a norm, and what group {measure.group.name!r} "
                "sees is made of zeros and ones, of which a small change means nothing; see the "
                'world by its number (observation = "state") and give reach = {neighbours = …}'
            )
