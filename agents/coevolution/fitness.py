"""How fit hosts and pathogens are, by what hosts lose of a reference return."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rallypoint.config import Config
from rallypoint.draws import Floats
from rallypoint.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class Fitness(Config):
    """Fitness as in the public code of the source, which infects discriminators with generators.

    A host's *load* has the squares of two parts: ``autoimmunity`` times what it loses by itself,
    and ``virulence`` times what a pathogen takes from it, both as shares of a reference return.
    The squared loads of all pathogens that it carries add up.

    >>> fitness = Fitness()
    >>> round(float(fitness.of_hosts(0.05, [0.05])), 3), round(float(fitness.values(0.05)), 3)
    (0.135, 12.642)
    >>> round(fitness.threshold, 4)
    0.0113

    Source: in the setting of Kucharavy, El Mhamdi & Guerraoui (2020), "Host-Pathogen Co-evolution
    Inspired Algorithm Enables Robust GAN Training", arXiv:2006.04720, of which the abstract and
    the public code were read.
    """

    autoimmunity: float = 20.0  # a loss of 1/20 of the reference by itself is a load of 1
    virulence: float = 20.0  # likewise of what is taken; also the most that a pathogen can have
    least_host: float = 0.01  # nobody is never drawn
    least_pathogen: float = 0.05

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            InvalidConfig: says what must hold.
        """
        if not 1 < self.virulence < math.inf:
            raise InvalidConfig(
                "a pathogen infects whom it has more than 1 of fitness on, and it has at most its "
                f"virulence: virulence is a finite number > 1, got {self.virulence}"
            )
        is_finite = 0 <= self.autoimmunity < math.inf and 0 < self.least_pathogen < math.inf
        if not (is_finite and 0 < self.least_host <= 1):
            raise InvalidConfig(
                "autoimmunity is finite and >= 0, least_host lies in (0, 1] and least_pathogen is "
                f"> 0, got {self.autoimmunity}, {self.least_host} and {self.least_pathogen}"
            )

    def loads(self, lost: ArrayLike, harms: ArrayLike) -> Floats:
        """Return loads: (…).

        Args:
            lost: (…) by themselves.
            harms: (…, P) taken by each pathogen; NaN of those that are not carried.
        """
        own = (self.autoimmunity * np.asarray(lost, dtype=np.float64)) ** 2
        taken = np.nansum((self.virulence * np.asarray(harms, dtype=np.float64)) ** 2, axis=-1)
        loads: Floats = np.sqrt(own + taken)
        return loads

    def of_hosts(self, lost: ArrayLike, harms: ArrayLike) -> Floats:
        """Return the fitness of hosts, at most 1; arguments as of ``loads``."""
        return np.maximum(np.exp(-(self.loads(lost, harms) ** 2)), self.least_host)

    def values(self, harms: ArrayLike) -> Floats:
        """Return what pathogens have of hosts from whom they take so much: (…)."""
        weight = self.virulence * np.asarray(harms, dtype=np.float64)
        values: Floats = self.virulence * -np.expm1(-(weight**2))
        return np.maximum(values, self.least_pathogen)

    def of_pathogens(self, harms: ArrayLike) -> Floats:
        """Return the fitness of pathogens: the best that they have of any host.

        Args:
            harms: (H, P) done to each host; NaN of those that they are not carried by.
        """
        found = np.nan_to_num(np.asarray(harms, dtype=np.float64), nan=0.0)
        best: Floats = self.values(found).max(axis=0, initial=self.least_pathogen)
        return best

    @property
    def threshold(self) -> float:
        """The harm from which on a pathogen infects: with more it has more than 1."""
        return math.sqrt(-math.log1p(-1 / self.virulence)) / self.virulence


def lost_share(clean: ArrayLike, reference: float) -> Floats:
    """Return which share of a reference return hosts lose by themselves: clean (…) -> (…).

    Raises:
        InvalidConfig: a reference that nothing is a share of.
    """
    check_reference(reference)
    return np.clip(1 - np.asarray(clean, dtype=np.float64) / reference, 0, 1)


def harm_share(clean: ArrayLike, attacked: ArrayLike, reference: float) -> Floats:
    """Return which share of a reference return pathogens take: mean returns (…) -> (…).

    Raises:
        InvalidConfig: a reference that nothing is a share of.
    """
    check_reference(reference)
    taken = np.asarray(clean, dtype=np.float64) - np.asarray(attacked, dtype=np.float64)
    return np.clip(taken / reference, 0, 1)


def check_reference(reference: float) -> None:
    """Refuse a reference return that losses are no shares of.

    Raises:
        InvalidConfig: it is not positive.
    """
    if not (math.isfinite(reference) and reference > 0):
        raise InvalidConfig(
            f"losses are shares of a reference return > 0, got {reference}; where returns are "
            "negative, add a constant to every reward, or train hosts longer before they meet "
            "pathogens"
        )
