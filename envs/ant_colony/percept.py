"""What an ant perceives: how pressing each task seems, what it does, and whom it has met.

The entries, for K tasks: K stimuli as shares of the cap; then what the ant appears to do, one-hot
over idle and the K tasks; then the shares of those it met by what they appear to do, idle first.
"""

import numpy as np
from numpy.typing import NDArray

from rallypoint.errors import InvalidConfig

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Mask = NDArray[np.bool_]


def entries(num_tasks: int) -> int:
    """Return how many numbers an ant perceives.

    >>> entries(3)
    11
    """
    return num_tasks + 2 * (num_tasks + 1)


def parts(percepts: NDArray[np.floating], num_tasks: int) -> tuple[Floats, Integers, Floats]:
    """Take a percept (…, entries) apart: stimuli (…, K), own task (…), encounters (…, K + 1).

    Stimuli are shares of the cap. The own task is 0 for idle, 1 … K for a task.

    Raises:
        InvalidConfig: they are of a world with other tasks.
    """
    if percepts.shape[-1] != (size := entries(num_tasks)):
        raise InvalidConfig(
            f"an ant that knows of num_tasks = {num_tasks} perceives {size} numbers, and here are "
            f"{percepts.shape[-1]}; say how many tasks the colony has"
        )
    stimuli, own, met = np.split(percepts, [num_tasks, 2 * num_tasks + 1], axis=-1)
    return stimuli.astype(np.float64), own.argmax(axis=-1), met.astype(np.float64)


class Companions:
    """Who can be met: the living, each by all others with the same probability."""

    def __init__(self, alive: Mask) -> None:
        """Number the living of each copy (E, N) from 0 on."""
        self._everybody = bool(alive.all())
        self._living_first = np.argsort(~alive, axis=1, kind="stable")
        self._number = np.cumsum(alive, axis=1) - 1
        self._others = np.maximum(alive.sum(axis=1, keepdims=True) - 1, 0)

    def met(self, chances: Floats) -> Integers:
        """Return whom each ant meets, from numbers in [0, 1): (E, N, m) -> (E, N, m).

        Who is alone meets itself, and is to be told nobody.
        """
        met: Integers = (chances * self._others[..., None]).astype(np.int64)
        met += (met >= self._number[..., None]) & (self._others[..., None] > 0)
        if self._everybody:
            return met
        living: Integers = np.take_along_axis(self._living_first, met.reshape(len(met), -1), axis=1)
        return living.reshape(met.shape)

    @property
    def is_alone(self) -> Mask:
        """In which copies nobody can be met: (E, 1)."""
        alone: Mask = self._others == 0
        return alone


def encounters(apparent: Integers, met: Integers, num_tasks: int) -> NDArray[np.float32]:
    """Return the shares of those met by what they appear to do: (E, N), (E, N, m) -> (E, N, K + 1).

    >>> encounters(np.array([[0, 2, 2]]), np.array([[[1, 2]] * 3]), num_tasks=2)[0, 0].tolist()
    [0.0, 0.0, 1.0]
    """
    num_copies, num_ants, times = met.shape
    kinds = num_tasks + 1
    doing = np.take_along_axis(apparent, met.reshape(num_copies, -1), axis=1)
    # One count over all: each ant has a row of slots of its own.
    slots = doing + np.repeat(np.arange(num_copies * num_ants) * kinds, times).reshape(doing.shape)
    counts = np.bincount(slots.ravel(), minlength=num_copies * num_ants * kinds)
    shares: NDArray[np.float32] = (counts / times).astype(np.float32)
    return shares.reshape(num_copies, num_ants, kinds)
