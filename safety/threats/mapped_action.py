"""Mapped action: agents do another action than they chose, by a table."""

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np

from rallypoint.batch_env import Array, BatchEnv
from rallypoint.config import keep_plain
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig
from rallypoint.safety.cells import among, spread
from rallypoint.safety.concerned import groups_concerned
from rallypoint.safety.known import Known
from rallypoint.safety.threats import Proposal, Site, State, Threat, register


@register
@dataclass(frozen=True, kw_only=True)
class MappedAction(Threat):
    """Agents do ``table[i]`` wherever they choose the i-th action: wires are crossed.

    In ``ant-colony-v0`` with ``pretence``, ``table = [0, 4, 5, 6, 4, 5, 6]`` only looks like the
    work that was chosen. Without a table the actions are taken in reverse order, the last for the
    first, and real numbers are mirrored in the middle of their range, or in 0 where it has no
    bounds. A choice that stays what it is counts as an opportunity, and not as an act.
    """

    kind: ClassVar[str] = "mapped_action"
    site: ClassVar[Site] = "action"
    must_know: ClassVar[frozenset[str]] = frozenset({"actions"})

    knowledge: tuple[str, ...] = ("actions",)
    table: tuple[int, ...] = ()  # what is done in place of the first action, the second, …

    def __post_init__(self) -> None:
        super().__post_init__()
        keep_plain(self, "table")

    def fit(self, env: BatchEnv) -> "MappedAction":
        """Return itself; see ``Threat.fit``.

        Raises:
            InvalidConfig: actions are not numbered, or the table has not one of them for each.
        """
        for group in groups_concerned(self, env):
            space: Any = group.action_space
            if not self.table and (_is_numbered(space) or _is_real(space)):
                continue
            if not _is_numbered(space):
                raise InvalidConfig(
                    f"a table is of numbered actions, and group {group.name!r} has {space}"
                )
            low, high = int(space.start), int(space.start + space.n - 1)
            if len(self.table) != space.n or not all(low <= a <= high for a in self.table):
                raise InvalidConfig(
                    f"the table has an action {low}..{high} for each of the {space.n} of group "
                    f"{group.name!r}, got {list(self.table)}"
                )
        return self

    @property
    def chance(self) -> float | None:
        """Every opportunity is taken where the table leaves no action as it is."""
        if not self.table:  # of an odd number of actions, the one in the middle stays
            return None
        count = len(self.table)
        # Which number the first action has, the world says; the table is of its actions alone.
        starts = range(max(self.table) - count + 1, min(self.table) + 1)
        stays = any(start + i == done for start in starts for i, done in enumerate(self.table))
        return None if stays else 1.0

    @property
    def is_steady(self) -> bool:
        """Where no action stays as it is, whom it touches does not depend on what they choose."""
        return self.chance == 1

    def in_words(self) -> dict[str, str]:
        """Say what is done."""
        if not self.table:
            return {"does": "the agent does the opposite: of its actions the last for the first"}
        return {"does": f"for its actions, in their order, the agent does {list(self.table)}"}

    def apply(self, state: State, known: Known, draws: Draws) -> tuple[Proposal, State]:
        """Look up what is done."""
        del draws  # deterministic
        change = partial(self._done, space=known.group.action_space)
        if self.is_steady:
            return Proposal(known.affordable, change), state
        cells, chosen = known.opportunities, known.few("actions")
        done = change(chosen)
        changes = (done != chosen).any(axis=tuple(range(1, done.ndim)))
        where = known.afford(spread(changes, cells))
        return Proposal(where, among(done, cells, where)), state

    def _done(self, chosen: Array, space: Any) -> Array:
        done: Array = chosen
        if _is_numbered(space):
            table = self.table or range(int(space.start + space.n) - 1, int(space.start) - 1, -1)
            if len(table) == space.n:  # else nobody in this group is a victim
                done = np.array(table, dtype=space.dtype).take(chosen - space.start)
        elif _is_real(space) and not self.table:
            both = space.bounded_below & space.bounded_above
            centre = np.where(both, space.low + space.high, 0)
            done = (centre - chosen).astype(space.dtype)
        return done


def _is_numbered(space: Any) -> bool:
    return hasattr(space, "n") and hasattr(space, "start")


def _is_real(space: Any) -> bool:
    return hasattr(space, "low") and space.dtype.kind == "f"
