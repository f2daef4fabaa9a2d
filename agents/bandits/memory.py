"""What a policy remembers of each copy from step to step."""

from collections.abc import Mapping

import numpy as np

from rallypoint.batch_env import Array, Mask


class Memory:
    """Arrays with first axis E, which start anew with the episodes of their copies."""

    def __init__(self, blank: Mapping[str, Array]) -> None:
        """Remember arrays that begin as these do in every copy: name -> (…)."""
        self._blank = dict(blank)
        self._kept: dict[str, Array] = {}

    def __getitem__(self, name: str) -> Array:
        """Return what is remembered under a name, to be written to: (E, …)."""
        return self._kept[name]

    def open(self, num_copies: int) -> None:
        """Make room for so many copies, if they are not remembered yet."""
        if any(len(kept) != num_copies for kept in self._kept.values()) or not self._kept:
            self._kept = {
                name: np.repeat(np.asarray(value)[None], num_copies, axis=0)
                for name, value in self._blank.items()
            }

    def begin(self, mask: Mask | None) -> None:
        """Forget the masked copies (E,), or all."""
        if mask is None:
            self._kept = {}
        for name, kept in self._kept.items():
            kept[mask] = self._blank[name]
