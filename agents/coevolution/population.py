"""Hosts and pathogens as they stand, who carries whom, and whom fitness lets meet."""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from rallypoint.agents.coevolution.bouts import Learned
from rallypoint.agents.coevolution.fitness import Fitness, lost_share
from rallypoint.batch_env import Snapshot
from rallypoint.draws import Floats, Integers
from rallypoint.errors import InvalidConfig
from rallypoint.safety.enforcement.nested import nested, part_of

_LEARNED = ("hosts", "pathogens")


@dataclass(frozen=True, kw_only=True)
class Population:
    """H hosts of one species, P pathogens, and what has been done with them so far.

    ``harms`` is both lists at once: the pathogens that a host carries, and the map from hosts to
    what a pathogen has of them.
    """

    seed: int
    hosts: Learned  # (H, d)
    pathogens: Learned  # (P, D)
    clean: Floats  # (H, n) returns of each alone, when it was last measured; NaN before
    harms: Floats  # (H, P) shares taken, when last measured; NaN of who is not carried
    noises: Floats  # (H, P) standard errors of them
    elsewhere: Floats  # (P,) the most that each has taken of earlier species
    reference: float  # return that shares are of; NaN until it is measured
    virulence: float  # NaN until the noise is known
    stage: int = 0  # which species
    phase: int = 0  # of what is done in it; the regime's own
    turn: int = 0  # of the phase
    number: int = 0  # of bouts so far
    spent: int = 0  # environment steps so far
    attempts: int = 0  # at infections, in this stage
    silent: int = 0  # infections in which the pathogen alone learned, in this stage
    full: int = 0  # infections in which both learned, in this stage
    infected: Integers  # (m, 3) host, pathogen, whether silently: who are to learn next

    def but(self, **changed: Any) -> "Population":
        """Return the population with some of it changed."""
        return replace(self, **changed)

    @property
    def lost(self) -> Floats:
        """What hosts lose by themselves: (H,)."""
        return lost_share(self.clean.mean(axis=1), self.reference)

    @property
    def fitness(self) -> Fitness:
        """How fitness is told here: a loss by oneself is as serious as one to a pathogen."""
        return Fitness(autoimmunity=self.virulence, virulence=self.virulence)

    @property
    def host_fitness(self) -> Floats:
        """How fit hosts are: (H,)."""
        return self.fitness.of_hosts(self.lost, self.harms)

    @property
    def pathogen_fitness(self) -> Floats:
        """How fit pathogens are: (P,)."""
        return self.fitness.of_pathogens(np.concatenate([self.harms, self.elsewhere[None]]))

    @property
    def champion(self) -> int:
        """The host with the least load, whatever the virulence."""
        if np.isnan(self.clean).any():
            return 0
        lost = lost_share(self.clean.mean(axis=1), self.reference)
        return int((lost**2 + np.nansum(self.harms**2, axis=1)).argmin())

    def drawn(self, count: int, rng: np.random.Generator) -> list[tuple[int, int]]:
        """Draw so many pairs that have nobody in common, the fitter the likelier."""
        hosts = _by_fitness(self.host_fitness, count, rng)
        pathogens = _by_fitness(self.pathogen_fitness, count, rng)
        return list(zip(hosts, pathogens, strict=True))

    def snapshot(self) -> Snapshot:
        """Return everything as arrays."""
        whole: Snapshot = {}
        for each in fields(self):
            value = getattr(self, each.name)
            whole |= nested(each.name, value) if each.name in _LEARNED else {each.name: value}
        return {name: np.array(value) for name, value in whole.items()}

    @classmethod
    def restored(cls, snapshot: Snapshot) -> "Population":
        """Return the population of a snapshot.

        Raises:
            InvalidConfig: it is of something else.
        """
        found: dict[str, Any] = {name: part_of(snapshot, name) for name in _LEARNED}
        for each in fields(cls):
            if each.name in _LEARNED:
                continue
            if each.name not in snapshot:
                raise InvalidConfig(f"a snapshot of a population has {each.name}, and this not")
            value = snapshot[each.name]
            found[each.name] = value.item() if value.ndim == 0 else value.copy()
        return cls(**found)


def _by_fitness(fitness: Floats, count: int, rng: np.random.Generator) -> list[int]:
    chosen: list[int] = rng.choice(
        len(fitness), size=count, replace=False, p=fitness / fitness.sum()
    ).tolist()
    return chosen
