"""What of a geometry stays as it is, whoever stands where: tables of cells, made once."""

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.batch_env import Geometry
from rallypoint.draws import Integers

_KEPT = 4  # grounds, in the order in which they were first walked on
_kept: list["Ground"] = []


class Ground:
    """Distances between all cells, and what follows from them and from where actions lead."""

    def __init__(self, distances: Integers, leads_to: Integers) -> None:
        """Stand on cells with these distances, (cells, cells), and actions, (actions, cells)."""
        self.distances = distances
        self.leads_to = leads_to
        self.longest = int(distances.max())
        self._squares: dict[np.dtype[Any], NDArray[Any]] = {}

    @classmethod
    def of(cls, geometry: Geometry) -> "Ground":
        """Return the ground of a geometry: made once, of arrays that nobody can write to."""
        distances, leads_to = geometry.distances, geometry.leads_to
        for ground in _kept:
            if ground.distances is distances and ground.leads_to is leads_to:
                return ground
        ground = cls(distances, leads_to)
        if not (distances.flags.writeable or leads_to.flags.writeable):
            _kept.append(ground)
            del _kept[:-_KEPT]
        return ground

    def squares(self, kind: np.dtype[Any]) -> NDArray[Any]:
        """Return squared distances, and zeros for nobody's cell, the last: (cells + 1, cells)."""
        if kind not in self._squares:
            distances = self.distances.astype(np.int64)  # whatever integers they are
            nobody = np.zeros_like(distances[:1])
            self._squares[kind] = np.vstack([distances**2, nobody]).astype(kind)
        return self._squares[kind]

    @cached_property
    def farthest(self) -> Integers:
        """The cells farthest from each cell, in order, the first again if fewer: (cells, m)."""
        is_farthest = self.distances == self.distances.max(axis=1, keepdims=True)
        order = np.argsort(~is_farthest, axis=1, kind="stable")
        numbers = is_farthest.sum(axis=1)
        places = np.arange(int(numbers.max()))
        places = np.where(places < numbers[:, None], places, 0)
        return np.take_along_axis(order, places, axis=1)

    @cached_property
    def towards(self) -> Integers:
        """The lowest of the actions that lead nearest from a cell to another: (cells, cells)."""
        towards = np.zeros(self.distances.shape, dtype=np.int64)
        nearest = self.distances[self.leads_to[0]]
        for action, reached in enumerate(self.leads_to[1:], start=1):
            distances = self.distances[reached]
            towards[distances < nearest] = action
            nearest = np.minimum(nearest, distances)
        return towards
