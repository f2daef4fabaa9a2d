"""Regimes: who meets whom, and when; pure state machines that order bouts and are told of them.

Whoever carries bouts out may do so anywhere. Every regime is given the same budget of environment
steps, learned from or measured, orders nothing that it may not be able to pay, and ends.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rallypoint.agents.coevolution.bouts import Bout, Fought, row_of, with_row
from rallypoint.agents.coevolution.fitness import check_reference, harm_share
from rallypoint.agents.coevolution.noise import paired_noise
from rallypoint.agents.coevolution.population import Population
from rallypoint.agents.coevolution.ring import Ring, Units
from rallypoint.config import Config, check_least
from rallypoint.errors import InvalidConfig


class Meeting(NamedTuple):
    """Order: who is to meet whom, by index; and how long they learn from it."""

    host: int
    pathogen: int | None = None
    host_rounds: int = 0
    pathogen_rounds: int = 0
    measures_clean: bool = False
    measures_attacked: bool = False


Meetings = tuple[Meeting, ...]


@dataclass(frozen=True, kw_only=True)
class Regime(Config, ABC):
    """Decides who meets whom; meetings of one answer have nobody in common."""

    ring: Ring
    budget: int  # environment steps, for everything
    units: Units = (32, 32)  # of hosts, in the end
    birth_rounds: int = 20  # that a new host learns alone
    host_rounds: int = 5  # that a host learns in a bout
    pathogen_rounds: int = 5

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            InvalidConfig: says what must hold, and which budget would be enough.
        """
        check_least(self, 1, "birth_rounds", "host_rounds", "pathogen_rounds")
        check_units("units", self.units)
        if self.budget < self.least_budget:
            raise InvalidConfig(
                f"a budget of {self.budget} environment steps is too small for "
                f"{type(self).__name__}: it takes at least {self.least_budget}; give more, or "
                "smaller populations and fewer rounds"
            )

    @property
    @abstractmethod
    def least_budget(self) -> int:
        """The environment steps that it cannot do without."""

    @abstractmethod
    def begin(self, seed: int) -> Population:
        """Return a population that has done nothing yet."""

    @abstractmethod
    def ordered(self, population: Population) -> tuple[Population, Meetings]:
        """Return who meets next, nobody if it is over; and the population as it is then."""

    def units_of(self, population: Population) -> Units:
        """Return the species of the hosts."""
        del population
        return self.units

    def bouts(self, population: Population, meetings: Meetings) -> list[Bout]:
        """Return meetings with those who meet in them."""
        return [
            Bout(
                population.seed,
                population.number + place,
                self.units_of(population),
                row_of(population.hosts, meeting.host),
                None
                if meeting.pathogen is None
                else row_of(population.pathogens, meeting.pathogen),
                *meeting[2:],
            )
            for place, meeting in enumerate(meetings)
        ]

    def told(
        self, population: Population, meetings: Meetings, fought: Sequence[Fought]
    ) -> Population:
        """Return the population as its bouts have left it.

        Raises:
            InvalidConfig: no host earns anything that pathogens could take.
        """
        hosts, pathogens = population.hosts, population.pathogens
        clean, harms, noises = (
            part.copy() for part in (population.clean, population.harms, population.noises)
        )
        for meeting, found in zip(meetings, fought, strict=True):
            hosts = with_row(hosts, meeting.host, found.host)
            if found.clean is not None:
                clean[meeting.host] = found.clean
            if meeting.pathogen is not None and found.pathogen is not None:
                pathogens = with_row(pathogens, meeting.pathogen, found.pathogen)
        reference = population.reference
        if np.isnan(reference) and not np.isnan(clean).any():
            reference = float(clean.mean(axis=1).max())
            check_reference(reference)
        for meeting, found in zip(meetings, fought, strict=True):
            if found.attacked is not None and meeting.pathogen is not None:
                own, at = clean[meeting.host], (meeting.host, meeting.pathogen)
                harms[at] = harm_share(own.mean(), found.attacked.mean(), reference)
                noises[at] = paired_noise(own, found.attacked, reference)
        return population.but(
            hosts=hosts,
            pathogens=pathogens,
            clean=clean,
            harms=harms,
            noises=noises,
            reference=reference,
            number=population.number + len(meetings),
            spent=population.spent + sum(found.steps for found in fought),
        )

    def cost(self, meeting: Meeting) -> int:
        """Return how many environment steps a meeting takes at most."""
        return self.ring.cost(Bout(0, 0, self.units, {}, None, *meeting[2:]))

    def fresh(
        self, seed: int, units: Units, hosts: int, pathogens: int, reference: float | None = None
    ) -> Population:
        """Return hosts of a species and pathogens who have not met.

        Raises:
            InvalidConfig: a reference that losses are no shares of.
        """
        if reference is not None:
            check_reference(reference)
        return Population(
            seed=seed,
            hosts=self.ring.born_hosts(seed, units, hosts),
            pathogens=self.ring.born_pathogens(seed, pathogens),
            clean=np.full((hosts, self.ring.episodes), np.nan),
            harms=np.full((hosts, pathogens), np.nan),
            noises=np.full((hosts, pathogens), np.nan),
            elsewhere=np.zeros(pathogens),
            reference=np.nan if reference is None else float(reference),
            virulence=np.nan,
            infected=np.empty((0, 3), dtype=np.int64),
        )


def check_units(name: str, units: Units) -> None:
    """Refuse hidden layers without a unit.

    Raises:
        InvalidConfig: says which there are.
    """
    if min(units, default=1) < 1:
        raise InvalidConfig(f"{name} are units of hidden layers, each >= 1, got {units}")


def everybody_meets(hosts: int, pathogens: int) -> Iterator[list[tuple[int, int]]]:
    """Yield turns in which everybody meets at most one, until all pairs have met.

    >>> list(everybody_meets(2, 2))
    [[(0, 0), (1, 1)], [(0, 1), (1, 0)]]
    """
    for turn in range(max(hosts, pathogens)):
        if hosts <= pathogens:
            yield [(host, (host + turn) % pathogens) for host in range(hosts)]
        else:
            yield [((pathogen + turn) % hosts, pathogen) for pathogen in range(pathogens)]
