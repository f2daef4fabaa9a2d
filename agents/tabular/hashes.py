"""Hashes of what teams learn from, by which trajectories of two trainings are compared."""

from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.tabular.transition import Transition
from rallypoint.draws import Floats

_LEARNED_FROM = (
    *("percepts", "proposed", "executed", "interrupted"),
    *("rewards", "next_percepts", "terminated", "truncated"),
)


class Hashes:
    """Hashes everything that each of R teams learns from, step after step, if that is wanted."""

    def __init__(self, is_wanted: bool) -> None:  # noqa: FBT001 - its only setting
        """Begin."""
        self._is_wanted = is_wanted
        self._hashes: list[Any] = []  # (R,)

    def after_step(self, number: int, transition: Transition, memory: object) -> None:
        """Take in what the present lived in a step; see ``train``."""
        del number, memory
        present = transition.present
        parts = [np.where(present, getattr(transition, name), 0) for name in _LEARNED_FROM]
        self._take([present, *parts])

    def after_meta_episode(self, number: int, preferences: Floats) -> None:
        """Take in what became of preferences (R, N, S, A); see ``train_reinforce``."""
        del number
        self._take([preferences])

    def digests(self) -> tuple[str, ...]:
        """Return a hash for each team; none if that is not wanted."""
        return tuple(each.hexdigest() for each in self._hashes)

    def _take(self, parts: list[NDArray[Any]]) -> None:
        if not self._is_wanted:
            return
        if not self._hashes:
            self._hashes = [blake2b(digest_size=16) for _ in parts[0]]
        for team, each in enumerate(self._hashes):
            for part in parts:
                each.update(np.ascontiguousarray(part[team]).tobytes())
