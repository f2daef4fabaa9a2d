"""Sizes of lies, and bringing lies within a size: pure functions of arrays (e, n, …)."""

from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete

from rallypoint.batch_env import Array, Group, Mask
from rallypoint.draws import Floats
from rallypoint.errors import InvalidConfig
from rallypoint.safety.interruption.addresses import found_at
from rallypoint.safety.perception.reach import ANY, RANGE, Norm, Reach

_MOST_PULLS = 4  # of the last bits of a lie that rounding made too large; one or two are enough


def sizes(lies: Array, truths: Array, units: Floats, norm: Norm) -> Floats:
    """Return how large lies (e, n, …) are, each entry in its unit: (e, n).

    What is true is no lie, infinite or no number as it may be; other numbers in its place are
    beyond all measure.
    """
    with np.errstate(invalid="ignore"):  # of equal infinities
        apart = np.abs(np.subtract(lies, truths, dtype=np.float64))
        size = _norms(apart, units, norm)
    if np.isfinite(size).all():
        return size
    is_true = (lies == truths) | (np.isnan(lies) & np.isnan(truths))
    beyond = np.nan_to_num(apart, nan=np.inf, posinf=np.inf)
    return _norms(np.where(is_true, 0.0, beyond), units, norm)


def _norms(apart: Floats, units: Floats, norm: Norm) -> Floats:
    # An entry of unit 0 must not be touched: the least touch is beyond all measure.
    beyond = np.where(apart == 0, 0.0, np.inf)
    scaled = np.divide(apart, units, out=beyond, where=np.broadcast_to(units > 0, apart.shape))
    flat = scaled.reshape(*scaled.shape[:2], -1)
    size: Floats = flat.max(axis=2) if norm == "linf" else np.sqrt((flat * flat).sum(axis=2))
    return size


def confined(
    lies: Array, truths: Array, rooms: Floats, *, units: Floats, norm: Norm, space: Any
) -> Array:
    """Bring lies (e, n, …) within the space and a size (e, n), none of them a bit too large.

    A lie is moved straight towards the truth; where the truth itself lies outside of the space,
    being in the space comes first. A truth that is infinite, or no number, stays, and so does one
    to which there is no straight way.
    """
    room = rooms.reshape(*rooms.shape, *(1,) * (truths.ndim - 2))
    with np.errstate(invalid="ignore"):  # of equal infinities
        offsets = np.subtract(lies, truths, dtype=np.float64)
    if not (has_end := np.isfinite(offsets)).all():
        stays = np.isnan(offsets) | ~np.isfinite(truths) if norm == "linf" else ~has_end
        offsets[stays] = 0.0
        lies = np.where(stays, truths, lies)
    if norm == "linf":
        far = np.where(units > 0, room, 0.0) * units  # without a limit, too, it is 0 in no unit
        offsets = np.clip(offsets, -far, far)
    else:
        large = sizes(np.where(units > 0, lies, truths), truths, units, norm).reshape(room.shape)
        share = np.divide(room, large, out=np.ones_like(large), where=large > room)
        offsets = np.where(units > 0, offsets * share, 0.0)
    wanted = truths + offsets
    np.clip(wanted, space.low, space.high, out=wanted)
    shown = wanted.astype(truths.dtype)
    for _ in range(_MOST_PULLS):
        over = sizes(shown, truths, units, norm) > rooms
        if not over.any():
            break
        shown = np.where(over.reshape(room.shape), np.nextafter(shown, truths), shown)
    return shown


def uniform_lies(
    truths: Array, rooms: Floats, *, units: Floats, norm: Norm, numbers: Floats
) -> Array:
    """Return lies that lie uniformly in the ball of a size (e, n) about the truth.

    Args:
        truths: (e, n, …).
        rooms: (e, n).
        units: of each entry.
        norm: of the ball.
        numbers: uniform in [0, 1), (e, n, entries + 1), where entries are those of a percept.
    """
    shape = truths.shape
    room = rooms.reshape(*rooms.shape, *(1,) * (len(shape) - 2))
    if norm == "linf":
        ball = 2 * numbers[..., :-1] - 1
    else:
        from scipy.special import ndtri  # slow to import

        entries = max(1, int((np.broadcast_to(units, shape[2:]) > 0).sum()))
        normal = ndtri(np.maximum(numbers[..., :-1], 2.0**-54))
        normal = normal * (np.broadcast_to(units, shape[2:]) > 0).reshape(-1)
        length = np.sqrt((normal * normal).sum(axis=2, keepdims=True))
        ball = normal / np.maximum(length, 1e-300) * numbers[..., -1:] ** (1 / entries)
    lies: Array = truths + room * units * ball.reshape(shape)
    return lies


def units_of(reach: Reach, group: Group, label: str) -> Floats:
    """Return the unit of each entry of what a group sees, shaped to go with it.

    Raises:
        InvalidConfig: what it sees has no such norm, or not so many entries; says what else to do.
    """
    space: Any = group.observation_space
    if reach.neighbours is not None or not isinstance(space, Box) or not space.shape:
        raise InvalidConfig(
            f"{label} measures lies by a norm, and group {group.name!r} sees {space}, which has "
            "none; give the numbers that may be shown instead, reach = {neighbours = …}"
            if isinstance(space, Discrete)
            else f"{label} measures lies by a norm, and group {group.name!r} sees {space}, which "
            "has none; wrong_observation needs no norm"
        )
    if space.dtype.kind != "f":
        raise InvalidConfig(
            f"{label} measures lies by a norm, and group {group.name!r} sees whole numbers, "
            f"{space}; there is none between two of them. wrong_observation, or observation_noise "
            "without a reach, needs no norm"
        )
    if reach.scale == RANGE:
        widths: Floats = (space.high.astype(np.float64) - space.low) / 2
        if not np.isfinite(widths).all():
            raise InvalidConfig(
                f'{label} has scale = "{RANGE}", and what group {group.name!r} sees has no bounds '
                f"in {int((~np.isfinite(widths)).sum())} of {widths.size} entries; give the unit "
                "of each entry instead, such as scale = [1.0, 1.0, 0.1, 1.0]"
            )
        return widths
    units = np.asarray(reach.scale, dtype=np.float64)
    if units.ndim and len(units) != space.shape[-1]:
        raise InvalidConfig(
            f"{label} has a scale of {len(units)} entries, and what group {group.name!r} sees has "
            f"{space.shape[-1]}; give as many, or one for all"
        )
    return units


def neighbours_of(reach: Reach, group: Group, label: str) -> Mask:
    """Return which numbers may be shown in whose place, counted from 0: (P, P), never itself.

    Raises:
        InvalidConfig: the group sees no such number, or the lists do not fit.
    """
    space: Any = group.observation_space
    if not isinstance(space, Discrete):
        raise InvalidConfig(
            f"{label} names neighbours of a number, and group {group.name!r} sees {space}; "
            "measure lies by a norm instead, reach = {norm = …, step = …}"
        )
    count, first = int(space.n), int(space.start)
    found: Any = reach.neighbours
    if found == ANY:
        return ~np.eye(count, dtype=bool)
    if isinstance(found, str):
        found = found_at(found, "what makes neighbours")
        found = found(count) if callable(found) else found
    table = np.zeros((count, count), dtype=bool)
    try:
        for number, others in enumerate(found):
            places = np.asarray(others, dtype=np.int64) - first
            if number >= count or (places < 0).any() or (places >= count).any():
                raise InvalidConfig(
                    f"{label}: neighbours are numbers in {first}..{first + count - 1}, a list for "
                    f"each of the {count}; got {list(others)} for number {number + first}"
                )
            table[number, places] = True
    except (TypeError, ValueError) as error:
        if isinstance(error, InvalidConfig):
            raise
        raise InvalidConfig(f"{label}: neighbours are lists of numbers ({error})") from error
    np.fill_diagonal(table, val=False)
    return table
