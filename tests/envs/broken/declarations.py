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


@says(r"regions\(\) must hold bool \(3, 5\) for 'pier', and has int64 \(3, 5\)")
class CountsRegions(Harbour):
    def regions(self):
        return {name: inside.astype(int) for name, inside in super().regions().items()}


@says(r"regions\(\) must be a dict by name, and is a tuple")
class RegionsInATuple(Harbour):
    def regions(self):
        return tuple(super().regions().items())


@says("regions.. has gull_2 in 'sky' in row 0, who is not in the world")
class RegionsOfTheAbsent(Harbour):
    def regions(self):
        return super().regions() | {"sky": np.broadcast_to(np.arange(5) > 1, (self.num_copies, 5))}


@says("regions.. must name the same places .* names .'pier'. after a step where it named .*'sky'")
class RegionsOnlyAtFirst(Harbour):
    def regions(self):
        places = super().regions()
        return {"pier": places["pier"]} if self._elapsed.any() else places


@says("writing into arrays that it returned changes the world")
class LendsItsRegions(Harbour):
    def regions(self):
        self.pier = getattr(self, "pier", super().regions()["pier"])
        return {"pier": self.pier}

    def _advance(self, actions):
        *returned, infos = super()._advance(actions)
        return *returned, infos | {"moored": self.regions()["pier"].copy()}


@says("geometry.. must have -1 as the position of exactly those who are not in the world")
class PlacesTheAbsent(Harbour):
    def geometry(self):
        geometry = super().geometry()
        return geometry._replace(positions=np.maximum(geometry.positions, 0))
