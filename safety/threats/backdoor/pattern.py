"""A trigger as numbers in fixed places of a percept."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from rallypoint.batch_env import Array, BatchEnv, Mask
from rallypoint.errors import InvalidConfig
from rallypoint.safety.concerned import groups_concerned
from rallypoint.safety.threats import Threat


@dataclass(frozen=True, kw_only=True)
class Patterned(Threat):
    """A threat that knows a pattern: numbers in some entries of a percept, counted flat."""

    entries: tuple[int, ...] = (0,)  # which, counted as in a percept laid flat
    values: tuple[float, ...] = (1.0,)  # what stands there; one for all, or one for each

    def __post_init__(self) -> None:
        """Bring the pattern into its checked form.

        Raises:
            InvalidConfig: says what cannot be meant.
        """
        for name in ("entries", "values"):
            given = getattr(self, name)
            if isinstance(given, list | tuple | np.ndarray):
                plain = tuple(x.item() if isinstance(x, np.generic) else x for x in given)
                object.__setattr__(self, name, plain)
        super().__post_init__()
        if not _are_places(self.entries):
            raise InvalidConfig(
                f"entries are different places >= 0 in a percept laid flat, got {self.entries!r}"
            )
        if not _are_numbers(self.values) or len(self.values) not in {1, len(self.entries)}:
            raise InvalidConfig(
                f"values are finite numbers, one for all {len(self.entries)} entries or one for "
                f"each, got {self.values!r}"
            )

    def refuse_outside(self, env: BatchEnv) -> None:
        """Refuse a pattern that could not be perceived in a world.

        Raises:
            InvalidConfig: percepts are no arrays of numbers, lack an entry, or could never hold
                the values.
        """
        for group in groups_concerned(self, env):
            space: Any = group.observation_space
            if not hasattr(space, "low"):
                raise InvalidConfig(
                    f"a trigger is stamped on arrays of numbers, and group {group.name!r} sees "
                    f"{space}; one carried by a teammate's actions needs none"
                )
            size = int(np.prod(space.shape))
            if max(self.entries) >= size:
                raise InvalidConfig(
                    f"entry {max(self.entries)} is not in what group {group.name!r} sees: it has "
                    f"the entries 0..{size - 1}"
                )
            low, high = space.low.ravel()[[*self.entries]], space.high.ravel()[[*self.entries]]
            values = self._wanted(np.dtype(np.float64))
            if space.dtype.kind in "iu":
                can_be = values == np.rint(values)
            else:  # as they would be perceived
                with np.errstate(over="ignore"):
                    values = values.astype(space.dtype)
                can_be = np.isfinite(values)
            if not (can_be & (values >= low) & (values <= high)).all():
                raise InvalidConfig(
                    f"the trigger {list(self.values)} in entries {list(self.entries)} lies outside "
                    f"of what group {group.name!r} can see: {space.dtype} from {low.tolist()} to "
                    f"{high.tolist()}"
                )

    def stamped(self, percepts: Array) -> Array:
        """Return percepts (e, n, …) with the pattern in them."""
        flat = percepts.reshape(*percepts.shape[:2], -1).copy()
        flat[..., [*self._within(flat)]] = self._wanted(flat.dtype)[: len(self._within(flat))]
        return flat.reshape(percepts.shape)

    def is_seen(self, percepts: Array) -> Mask:
        """Say who (e, n) perceives the pattern."""
        flat = percepts.reshape(*percepts.shape[:2], -1)
        if len(self._within(flat)) < len(self.entries):  # nobody in this group is a victim
            return np.zeros(percepts.shape[:2], dtype=bool)
        seen: Mask = (flat[..., [*self.entries]] == self._wanted(flat.dtype)).all(axis=-1)
        return seen

    def _wanted(self, dtype: Any) -> Array:
        return np.broadcast_to(np.array(self.values), len(self.entries)).astype(dtype)

    def _within(self, flat: Array) -> tuple[int, ...]:
        return self.entries if max(self.entries) < flat.shape[-1] else ()


def _are_places(entries: Any) -> bool:
    return (
        isinstance(entries, tuple)
        and bool(entries)
        and all(isinstance(at, int) and not isinstance(at, bool) and at >= 0 for at in entries)
        and len(set(entries)) == len(entries)
    )


def _are_numbers(values: Any) -> bool:
    return isinstance(values, tuple) and all(
        isinstance(value, int | float) and abs(value) < np.inf for value in values
    )
