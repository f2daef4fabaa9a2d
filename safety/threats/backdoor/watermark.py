"""Watermarks: a backdoor of the owner's own, by which a policy can be told to be theirs."""

from typing import Any, NamedTuple

import numpy as np

from rallypoint.batch_env import Group
from rallypoint.draws import stream
from rallypoint.errors import InvalidConfig
from rallypoint.safety.threats.backdoor.choices import num_choices

_REACH = 10.0  # of an entry without bounds


class Watermark(NamedTuple):
    """What ``trigger``, ``backdoor_action`` and ``poison_reward`` are to be set to."""

    entries: tuple[int, ...]
    values: tuple[float, ...]
    target: int


def watermark(group: Group, secret: int, *, size: int = 1) -> Watermark:
    """Derive a trigger and a target from a secret, so that nobody else can say what they are.

    Values lie in the outer tenth of an entry's range, where few percepts do.

    Args:
        group: whose policy is to be marked.
        secret: of the owner, an integer in [0, 2**64).
        size: entries that are stamped.

    Raises:
        InvalidConfig: percepts with fewer entries, or none; actions that cannot be told apart.
    """
    space: Any = group.observation_space
    count = num_choices(group.action_space)
    entries = int(np.prod(space.shape)) if hasattr(space, "low") else 0
    if not 1 <= size <= entries or count < 2:
        raise InvalidConfig(
            f"a watermark is {size} of the entries of a percept, and one of two choices or more; "
            f"group {group.name!r} has {entries} and {count}"
        )
    rng = stream(secret, "backdoor/watermark")
    places = np.sort(rng.choice(entries, size, replace=False))
    low, high = space.low.ravel()[places], space.high.ravel()[places]
    low = np.where(np.abs(low) < 1e6, low, -_REACH).astype(np.float64)
    high = np.where(np.abs(high) < 1e6, high, _REACH).astype(np.float64)
    values = high - (high - low) * 0.1 * rng.random(size)
    if space.dtype.kind in "iu":
        values = np.floor(values)
    told = values.astype(space.dtype).astype(np.float64)  # as it will be perceived
    return Watermark(tuple(places.tolist()), tuple(told.tolist()), int(rng.integers(count)))


def is_marked(hits: int, trials: int, base: float, *, level: float = 1e-3) -> tuple[bool, float]:
    """Say whether a policy obeys a mark more often than it would by itself, and how unlikely else.

    Args:
        hits: of the trials, in which it chose the target where the mark was stamped; trials are
            independent, such as one step drawn from each episode.
        trials: how many.
        base: how often it chooses the target where nothing is stamped.
        level: chance of calling an unmarked policy marked, at most.

    Raises:
        InvalidConfig: numbers that cannot be meant.
    """
    from scipy.stats import binom  # slow to load

    if not 0 <= hits <= trials or not trials or not 0 <= base < 1:
        raise InvalidConfig(
            f"hits of trials >= 1, and base in [0, 1): got {hits} of {trials}, and {base}"
        )
    chance = float(binom.sf(hits - 1, trials, base))
    return chance <= level, chance
