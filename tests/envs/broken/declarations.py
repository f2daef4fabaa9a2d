"""Worlds that declare, or offer, what cannot be."""

import numpy as np

from tests.envs.broken.catalogue import says
from tests.envs.harbour import BOATS, Harbour


@says(r"the agents of group 'boats' must be a tuple .* are a set, whose order")
class AgentsInASet(Harbour):
    def __init__(self, **settings):
        super().__init__(**settings)
        self.groups = (self.groups[0]._replace(agents=set(BOATS)), self.groups[1])


@says("agents must be distinct, and 'boat_0' is there twice")
class TwoOfOneName(Harbour):
    def __init__(self, **settings):
        super().__init__(**settings)
        self.groups = (self.groups[0], self.groups[1]._replace(agents=("boat_0", "b", "c")))


@says(r"copies must be the global ids \[5, 2\] as an array, and are array\(\[0, 1\]\)")
class CopiesOfItsOwn(Harbour):
    def __init__(self, *, copies, **settings):
        super().__init__(copies=copies if isinstance(copies, int) else len(copies), **settings)


@says("noop must be an action of each space, but an action of boat_0 must be .* got 7")
class NoopOutside(Harbour):
    def __init__(self, **settings):
        super().__init__(**settings)
        self.noop = self.noop | {"boats": 7}


@says(r"state\(\), which offers names, raises NotOffered")
class OffersWhatItHasNot(Harbour):
    def state(self):
        self._refuse("state")


@says("cost, which offers does not name, must raise NotOffered, and is accepted")
class HasWhatItDoesNotOffer(Harbour):
    offers = Harbour.offers - {"cost"}


@says("offers names 'removal', which is no part of the contract; did you mean 'remove'")
class OffersNoPart(Harbour):
    offers = Harbour.offers | {"removal"}


@says("action_mask.. allows boat_0 in row 0, who is alive, nothing at all")
class AllowsNothing(Harbour):
    def action_mask(self):
        return {"boats": np.zeros((self.num_copies, 2, 3), dtype=bool)}


@says("cost.. has nan as collision of gull_0 in row 0, after a reset")
class CostsNoNumber(Harbour):
    def cost(self):
        return np.where(np.arange(5) == 2, np.nan, super().cost()[..., 0])[..., None]


@says("geometry.. must have -1 as the position of exactly those who are not in the world")
class PlacesTheAbsent(Harbour):
    def geometry(self):
        geometry = super().geometry()
        return geometry._replace(positions=np.maximum(geometry.positions, 0))
