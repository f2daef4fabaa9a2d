"""Co-evolution: the fitter meet the more often, and learn only where there was an infection."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from rallypoint.agents.coevolution.bouts import Fought
from rallypoint.agents.coevolution.fitness import check_reference
from rallypoint.agents.coevolution.noise import pooled, virulence_allowed
from rallypoint.agents.coevolution.population import Population
from rallypoint.agents.coevolution.regimes import (
    Meeting,
    Meetings,
    Regime,
    check_units,
    everybody_meets,
)
from rallypoint.agents.coevolution.ring import Units
from rallypoint.draws import Floats, stream
from rallypoint.errors import InvalidConfig

_BIRTH, _CROSSING, _ATTEMPTS, _INFECTIONS, _CLOSING = range(5)
_FIT = 0.95  # a host that is fitter has nothing to learn from an infection
_WEAK = 0.1  # nor does one that loses more than this by itself: it would lose more


@dataclass(frozen=True, kw_only=True)
class Coevolution(Regime):
    """Pathogens evolve along a chain of host species of rising capacity.

    In each species every host first learns to live alone, and everybody meets everybody once. Then
    pairs are drawn, hosts and pathogens by their fitness. A pathogen that has more than 1 on the
    host it has met infects it: *silently*, if the host is fit (or weak by itself), so that the
    pathogen alone learns; else *fully*, and both do. One that has not leaves the host. A species is
    done when there were ``passes`` H P infections, silent ones counted by half, or too many
    attempts, or its share of the budget is spent; pathogens go on to the next.

    Source: in the setting of Kucharavy, El Mhamdi & Guerraoui (2020), arXiv:2006.04720, of which
    the abstract and the public code were read; that hosts are policies, and pathogens lies about
    what they see, is ours.
    """

    hosts: int = 3
    pathogens: int = 3
    earlier: tuple[Units, ...] = ((8,),)  # species before the last, of rising capacity
    shares: tuple[float, ...] = ()  # of the budget, for each species; equal ones if not given
    bottleneck: bool = False  # whether it is forgotten what pathogens took of earlier species
    passes: int = 1
    attempts: int = 3  # to a pass and pair, at most
    virulence: float | None = None  # as the noise of what is measured allows, if not given
    margin: float = 2.0  # standard errors that an infection must exceed
    # Return that losses are shares of; if not given, that of the first species' best newborn host.
    reference: float | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            InvalidConfig: says what must hold.
        """
        for units in self.earlier:
            check_units("earlier species", units)
        if min(self.hosts, self.pathogens) < 2:
            raise InvalidConfig(
                "who meets whom is drawn by fitness, from two hosts and two pathogens or more, got "
                f"{self.hosts} and {self.pathogens}; one of each in turns is OneAgainstOne"
            )
        if self.passes < 1 or self.attempts < 1 or not self.margin > 0:
            raise InvalidConfig(
                "passes and attempts are numbers >= 1 and margin is > 0, got "
                f"{self.passes}, {self.attempts} and {self.margin}"
            )
        is_meant = all(0 < share < math.inf for share in self._shares)
        if len(self._shares) != len(self.species) or not is_meant:
            raise InvalidConfig(
                f"shares are numbers > 0, one for each of {len(self.species)} species, got "
                f"{self.shares}"
            )
        if self.virulence is not None and not 1 < self.virulence < math.inf:
            raise InvalidConfig(f"virulence is a finite number > 1, or none, got {self.virulence}")
        if self.reference is not None:
            check_reference(self.reference)
        super().__post_init__()

    @property
    def species(self) -> tuple[Units, ...]:
        """Units of the hosts of every species, in order."""
        return (*self.earlier, self.units)

    @property
    def least_budget(self) -> int:
        """In every species all are born, everybody meets everybody, and one is chosen."""
        start = self.hosts * self.cost(self._birth(0))
        start += self.hosts * self.pathogens * self.cost(self._bout(0, 0))
        return int(np.ceil(start * sum(self._shares) / min(self._shares))) + self._closing_cost

    def begin(self, seed: int) -> Population:
        """Return the first species, and pathogens that have met nobody."""
        return self.fresh(seed, self.species[0], self.hosts, self.pathogens, self.reference)

    def units_of(self, population: Population) -> Units:
        """Return the species that a population is at."""
        return self.species[population.stage]

    def ordered(self, population: Population) -> tuple[Population, Meetings]:
        """Go through the phases of a species, then to the next one, and choose in the end."""
        if population.phase != _ATTEMPTS:
            return population, self._meetings(population)
        if tried := self._tried(population):
            return population, tried
        return self.ordered(self._next_species(population))

    def told(
        self, population: Population, meetings: Meetings, fought: Sequence[Fought]
    ) -> Population:
        """Go on: count, infect, and let those leave who do not infect."""
        after = super().told(population, meetings, fought)
        if population.phase == _ATTEMPTS:
            return self._infected(after, meetings)
        if population.phase == _INFECTIONS:
            silent = int(population.infected[:, 2].sum())
            return after.but(
                phase=_ATTEMPTS,
                silent=population.silent + silent,
                full=population.full + len(meetings) - silent,
            )
        if population.phase == _BIRTH:
            return after.but(phase=_CROSSING)
        is_crossed = population.turn + 1 == max(self.hosts, self.pathogens)
        if population.phase == _CROSSING and is_crossed:
            return self._crossed(after)
        return after.but(turn=population.turn + 1)

    def _meetings(self, population: Population) -> Meetings:
        """Return who meets in the phases in which nobody is drawn."""
        if population.phase == _BIRTH:
            return tuple(self._birth(host) for host in range(self.hosts))
        if population.phase == _INFECTIONS:
            return tuple(
                self._bout(host, pathogen, is_silent=bool(is_silent))
                for host, pathogen, is_silent in population.infected.tolist()
            )
        turns = list(everybody_meets(self.hosts, self.pathogens))
        if population.turn == len(turns):
            return ()
        pairs = turns[population.turn]
        if population.phase == _CROSSING:
            return tuple(self._bout(*pair) for pair in pairs)
        return tuple(Meeting(*pair, measures_attacked=True) for pair in pairs)

    def _tried(self, population: Population) -> Meetings:
        """Draw pairs to meet, as many as can be paid if all of them are infections."""
        pairs = self.passes * self.hosts * self.pathogens
        infections = population.full + population.silent / 2
        tries_left = pairs * self.attempts - population.attempts
        each = self.cost(self._bout(0, 0)) + self.ring.measuring_cost
        steps_left = self._limit(population.stage) - population.spent
        count = min(self.hosts, self.pathogens, tries_left, steps_left // each)
        if count < 1 or infections >= pairs:
            return ()
        rng = stream(population.seed, "coevolution/drawn", population.number)
        return tuple(
            Meeting(*pair, measures_attacked=True) for pair in population.drawn(count, rng)
        )

    def _infected(self, population: Population, meetings: Meetings) -> Population:
        """Tell infections from failures: who has failed leaves."""
        values = population.fitness.values(population.harms)
        fit, lost = population.host_fitness, population.lost
        harms, infected = population.harms.copy(), []
        for meeting in meetings:
            at = (meeting.host, meeting.pathogen)
            if values[at] > 1:
                infected.append((*at, fit[at[0]] > _FIT or lost[at[0]] > _WEAK))
            else:
                harms[at] = np.nan
        return population.but(
            harms=harms,
            attempts=population.attempts + len(meetings),
            infected=np.array(infected, dtype=np.int64).reshape(-1, 3),
            phase=_INFECTIONS if infected else _ATTEMPTS,
        )

    def _crossed(self, population: Population) -> Population:
        """Note how virulent pathogens may be, and who carries whom."""
        virulence = self.virulence
        if virulence is None:
            virulence = virulence_allowed(pooled(population.noises), margin=self.margin)
        population = population.but(virulence=virulence, phase=_ATTEMPTS, turn=0)
        carried = population.fitness.values(population.harms) > 1
        return population.but(harms=np.where(carried, population.harms, np.nan))

    def _next_species(self, population: Population) -> Population:
        """Let pathogens go on to hosts of the next species; after the last, to the choice."""
        stage = population.stage + 1
        if stage == len(self.species):
            return population.but(phase=_CLOSING, turn=0)
        fresh = self.fresh(population.seed, self.species[stage], self.hosts, self.pathogens)
        return fresh.but(
            pathogens=population.pathogens,
            elsewhere=np.zeros(self.pathogens) if self.bottleneck else self._most(population),
            reference=population.reference,
            stage=stage,
            number=population.number,
            spent=population.spent,
        )

    @staticmethod
    def _most(population: Population) -> Floats:
        """Return the most that each pathogen has taken of this species, or of an earlier one."""
        known = np.concatenate([population.harms, population.elsewhere[None]])
        most: Floats = np.nanmax(known, axis=0)
        return most

    def _limit(self, stage: int) -> int:
        """Return how many environment steps are for species up to this one."""
        until = list(accumulate(self._shares))
        return int((self.budget - self._closing_cost) * until[stage] / until[-1])

    def _birth(self, host: int) -> Meeting:
        return Meeting(host, host_rounds=self.birth_rounds, measures_clean=True)

    def _bout(self, host: int, pathogen: int, *, is_silent: bool = False) -> Meeting:
        rounds = 0 if is_silent else self.host_rounds
        return Meeting(host, pathogen, rounds, self.pathogen_rounds, not is_silent, True)

    @property
    def _shares(self) -> tuple[float, ...]:
        return self.shares or (1.0,) * len(self.species)

    @property
    def _closing_cost(self) -> int:
        return self.hosts * self.pathogens * self.ring.measuring_cost
