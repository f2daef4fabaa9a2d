"""What the agents of one group see: rows written one by one, then looked at all together."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np
from gymnasium import spaces

from rallypoint.batch_env import Array, Group, Mask
from rallypoint.envs.views.adapter.groups import Name, Spaces
from rallypoint.envs.views.adapter.outside import Outside, without_bounds
from rallypoint.envs.views.adapter.spaces import Leaf, leaves, split_mask

Who = Sequence[tuple[int, Name]]  # slot in the group, and name
Refuse = Callable[[Name, str], NoReturn]  # whose, and what is wrong
_BITS = 63  # of what fits into an int64, beside its sign


class Sight:
    """The observations of a group, (E, n, …) for each array that they are made of."""

    def __init__(self, group: Group, own: Spaces, num_copies: int, outside: Outside) -> None:
        """See nothing, zeros, in every row."""
        space, self.has_mask = split_mask(*own)
        self.group = group
        self._own_space = own[0]
        self._clips = outside == "clip"
        self._leaves = tuple(leaves(without_bounds(space) if outside == "allow" else space))
        self._is_nested = isinstance(own[0], spaces.Dict | spaces.Tuple)
        self.shape = (num_copies, len(group.agents))
        self._arrays = [
            np.zeros((*self.shape, *leaf.space.shape), leaf.space.dtype) for leaf in self._leaves
        ]
        self._shown = np.zeros(self.shape, dtype=bool)  # (E, n) rows that somebody sees

    def show(self, row: int, slots: list[int]) -> None:
        """Note who sees something in a copy; the others' rows become zeros."""
        self._shown[row] = False
        self._shown[row, slots] = True
        for array in self._arrays:
            array[row, ~self._shown[row]] = 0

    def write(self, row: int, who: Who, told: Mapping[Name, Any], refuse: Refuse) -> None:
        """Take over what agents of one copy see.

        The type and shape of each array are looked at here, because assigning would cast and
        broadcast; the values by ``check``, over all copies at once.
        """
        for leaf, array in zip(self._leaves, self._arrays, strict=True):
            if self._is_nested:
                values = [self._part(leaf, name, told[name], refuse) for _, name in who]
            else:
                values = [told[name] for _, name in who]
            if not _write_block(array[row], who, values):
                self._write_rows(leaf, array[row], who, values, refuse)

    def _write_rows(
        self, leaf: Leaf, rows: Array, who: Who, values: list[Any], refuse: Refuse
    ) -> None:
        for (slot, name), value in zip(who, values, strict=True):
            fitting = _as_array(leaf, value)
            if fitting is None:
                must = f"an array {leaf.space.shape} of {leaf.space.dtype}"
                refuse(name, f"observes {_told(value)}{_at(leaf.path)}, and declares {must}")
            rows[slot] = fitting

    def check(self, refuse: Callable[[int, str, str], NoReturn]) -> None:
        """Look whether everything seen is inside its space; refuse gets row, agent and what."""
        everybody = bool(self._shown.all())
        for leaf, array in zip(self._leaves, self._arrays, strict=True):
            values = array if everybody else array[self._shown]
            if _all_inside(leaf, values):
                continue
            is_box = isinstance(leaf.space, spaces.Box)
            if is_box and self._clips:
                array[self._shown] = _clipped(leaf, array[self._shown])
            wrong = self._shown & ~_inside(leaf, array)
            if not wrong.any():
                continue
            row, slot = np.argwhere(wrong)[0]
            is_finite = bool(np.isfinite(array[row, slot]).all())
            hint = "; outside='clip' cuts it off, and 'allow' declares no bounds"
            seen = np.array2string(array[row, slot], threshold=20)
            refuse(
                int(row),
                self.group.agents[slot],
                f"observes {seen}{_at(leaf.path)}, which is not in {leaf.space}"
                + ((hint if is_box else "") if is_finite else " or not finite"),
            )

    def observe(self) -> Array:
        """Return everything as one new array."""
        if len(self._leaves) == 1:
            return self._arrays[0].copy()
        space: Any = self.group.observation_space
        parts = [
            _flat(leaf, array).reshape(*self.shape, -1).astype(space.dtype)
            for leaf, array in zip(self._leaves, self._arrays, strict=True)
        ]
        seen: Array = np.concatenate(parts, axis=-1)
        seen[~self._shown] = 0  # a one-hot zero is no zero
        return seen

    def _part(self, leaf: Leaf, name: Name, value: Any, refuse: Refuse) -> Any:
        whole = value
        space = self._own_space
        for key in leaf.path:
            keys = _keys(value)
            if keys is None or keys != _keys(space.spaces):
                refuse(
                    name,
                    f"observes {_told(whole)}, where an element of {self._own_space} stands, with "
                    f"exactly its parts",
                )
            value, space = value[key], space[key]
        return value


def _write_block(rows: Array, who: Who, values: list[Any]) -> bool:
    """Write all at once, if they are arrays that fit: several times faster for many agents."""
    shape = rows.shape[1:]
    try:
        if not shape or {value.shape for value in values} != {shape}:
            return False
        if [slot for slot, _ in who] == [*range(len(rows))]:
            np.concatenate(values, out=rows.reshape(-1, *shape[1:]), casting="safe")
        else:
            block = np.concatenate(values, dtype=rows.dtype, casting="safe")
            rows[[slot for slot, _ in who]] = block.reshape(-1, *shape)
    except (AttributeError, TypeError):
        return False
    return True


def _keys(whole: Any) -> Any:
    if isinstance(whole, Mapping):
        return whole.keys()
    return len(whole) if isinstance(whole, tuple | list) else None


def _as_array(leaf: Leaf, value: Any) -> Array | None:
    """Return what an environment may hand over instead of an array of exactly that type."""
    space = leaf.space
    if isinstance(value, int) and not isinstance(value, bool):
        if value.bit_length() > _BITS:
            return None
        value = np.array(value, dtype=np.int64)
    elif isinstance(value, np.generic):
        value = np.asarray(value)
    if not isinstance(value, np.ndarray) or value.shape != space.shape:
        return None
    if isinstance(space, spaces.Box):
        # As Gymnasium: float32 may stand where float64 is declared, and not the other way round.
        return value if np.can_cast(value.dtype, space.dtype) else None
    if value.dtype.kind not in "iub":
        return None
    cast = value.astype(space.dtype)
    return cast if (cast == value).all() else None


def _clipped(leaf: Leaf, values: Array) -> Array:
    """Put what is finite within bounds."""
    return np.where(np.isfinite(values), values.clip(leaf.space.low, leaf.space.high), values)


def _inside(leaf: Leaf, values: Array) -> Mask:
    inside: Any = np.isfinite(values)
    if leaf.low is not None:
        inside = inside & (values >= leaf.low)
    if leaf.high is not None:
        inside = inside & (values <= leaf.high)
    of_each: Mask = inside.reshape(*values.shape[:2], -1).all(axis=-1)
    return of_each


def _all_inside(leaf: Leaf, values: Array) -> bool:
    anything = leaf.low is None and leaf.high is None and values.dtype.kind != "f"
    if anything or not values.size:
        return True
    least, most = values.min(), values.max()
    if not (np.isfinite(least) and np.isfinite(most)):  # NaN is both
        return False
    low, high = leaf.low, leaf.high
    if low is not None and not (least >= low if low.ndim == 0 else (values >= low).all()):
        return False
    return high is None or bool(most <= high if high.ndim == 0 else (values <= high).all())


def _flat(leaf: Leaf, array: Array) -> Array:
    """Lay out one part as Gymnasium's ``flatten`` does: (E, n, …) -> (E, n, entries…)."""
    space = leaf.space
    if isinstance(space, spaces.Discrete):
        return np.asarray(array[..., None] - space.start == np.arange(space.n))
    if isinstance(space, spaces.MultiDiscrete):
        rows = (array - space.start).reshape(*array.shape[:2], -1)
        hot = [rows[..., i, None] == np.arange(n) for i, n in enumerate(space.nvec.reshape(-1))]
        return np.concatenate(hot, axis=-1)
    return array


def _told(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array {value.shape} of {value.dtype}"
    return f"the {type(value).__name__} {value!r:.80}"


def _at(path: tuple[Any, ...]) -> str:
    return f" at {'/'.join(map(str, path))!r}" if path else ""
