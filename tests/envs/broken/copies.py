"""Worlds whose copies notice one another."""

import numpy as np

from tests.envs.broken.catalogue import says
from tests.envs.harbour import Harbour


@says("a reset with a mask of no rows changes observations.*gull_0 in row 0")
class StartsEverybody(Harbour):
    def _start(self, mask):
        super()._start(mask)
        self._places[:] = self._draws.random((3, 2))


@says(r"a reset of rows \[0, 2\] changes what becomes of others: .* in row [13]: ")
class DrawsForEverybody(Harbour):
    def _start(self, mask):
        super()._start(mask)
        self._places[mask] = self._draws.random((3, 2))[mask]


@says(r"a reset of rows \[0, 2\] starts another episode than one of all: .* in row [02]: ")
class CountsWholeResets(Harbour):
    def _start(self, mask):
        super()._start(mask)
        if mask.all():
            self._draws.random(mask=mask)
            self._places[:, 0] = self._draws.random((2,))


@says("copy 3 plays another episode in a batch of 1 than in one of 8: .*gull")
class KnowsHowManyCopies(Harbour):
    def _start(self, mask):
        super()._start(mask)
        self._places[mask] += np.float32(self.num_copies)


@says("copy 3 plays another episode in a batch of 1 than in one of 8: ")
class DrawsByRow(Harbour):
    def reset(self, seed=None, mask=None):
        copies, self.copies = self.copies, np.arange(self.num_copies)
        observations = super().reset(seed, mask)
        self.copies = copies
        return observations
