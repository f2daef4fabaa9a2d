"""Evolves hosts by every method, and tests them under attackers that they have never met."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from rallypoint.agents.coevolution.bouts import Bout, Learned, row_of
from rallypoint.agents.coevolution.conduct import evolve
from rallypoint.agents.coevolution.fighting import fight
from rallypoint.agents.coevolution.kept import Kept
from rallypoint.agents.coevolution.population import Population
from rallypoint.agents.coevolution.regimes import Regime
from rallypoint.agents.rounds.placement import Placement
from rallypoint.draws import Floats
from rallypoint.experiments.coevolution.config import CoevolutionConfig
from rallypoint.experiments.coevolution.methods import methods, ring_of

_OTHERS = 1 << 32  # seeds from here on are those of the hosts that attackers are trained on
_TEST = 1 << 40  # and from here on those of tests, whose episodes nobody has learned or measured in
OWN = 2  # attackers of each host that is tested, trained on it when it has finished
Watch = Callable[[Mapping[int, Population]], None]


@dataclass(frozen=True)
class Tested:
    """What S hosts return, one for each seed."""

    clean: Floats  # (S,)
    held_out: Floats  # (S, K) under each attacker that was trained on others
    own: Floats  # (S,) under the worse of those that were trained on it

    @property
    def worst(self) -> Floats:
        """Under the worst of the attackers that were held out: (S,)."""
        worst: Floats = self.held_out.min(axis=1)
        return worst


def check(config: CoevolutionConfig) -> None:
    """Refuse what cannot be evolved, or where bouts could not be fought.

    Raises:
        RallypointError: says why.
    """
    for name, method in Bench(config).methods.items():
        if config.kept:
            Kept(Path(config.kept) / name, method).check()
    if config.bouts_on:
        from rallypoint.agents.rounds.cluster.session import Session  # Ray

        Session(_placement(config)).close()


class Bench:
    """Where hosts are evolved, attackers are trained, and hosts are tested."""

    def __init__(self, config: CoevolutionConfig) -> None:
        """Set up."""
        self.config = config
        self.methods = methods(config)
        self._ring = replace(ring_of(config), episodes=config.episodes)

    def evolved(self, method: str, seeds: Sequence[int], told: Watch) -> dict[int, Population]:
        """Evolve a population for each seed."""
        config = self.config
        return evolve(
            self.methods[method],
            seeds,
            placement=_placement(config) if config.bouts_on else None,
            kept=Path(config.kept) / method if config.kept else None,
            told=told,
        )

    @property
    def other_seeds(self) -> list[int]:
        """Seeds of populations that nobody is tested of."""
        return [_OTHERS + number for number in range(self.config.attackers)]

    def attackers(self, populations: Mapping[int, Population], method: str) -> list[Learned]:
        """Train an attacker on each population's champion."""
        place = list(self.methods).index(method)
        hosts = [self.champion(population) for population in populations.values()]
        keys = [seed + _OTHERS * (place + 1) for seed in populations]
        return self._trained(hosts, keys)

    def tested(
        self, populations: Mapping[int, Population], method: str, attackers: Sequence[Learned]
    ) -> Tested:
        """Test each population's champion."""
        place = list(self.methods).index(method)
        hosts = [self.champion(population) for population in populations.values()]
        seeds = list(populations)
        own = []
        for number in range(OWN):
            keys = [_TEST * (2 + place * OWN + number) + seed for seed in seeds]
            own.append(self._trained(hosts, keys))
        bouts = [
            self._test(seed, host, attacker)
            for seed, host, *of_host in zip(seeds, hosts, *own, strict=True)
            for attacker in (*attackers, *of_host)
        ]
        found = fight(self._ring, bouts)
        clean = np.array([_mean(fought.clean) for fought in found]).reshape(len(seeds), -1)
        under = np.array([_mean(fought.attacked) for fought in found]).reshape(len(seeds), -1)
        return Tested(clean[:, 0], under[:, :-OWN], under[:, -OWN:].min(axis=1))

    @staticmethod
    def champion(population: Population) -> Learned:
        """Return the host that a method puts forward."""
        return row_of(population.hosts, population.champion)

    def _trained(self, hosts: Sequence[Learned], keys: Sequence[int]) -> list[Learned]:
        """Train an attacker on each host, from its birth on."""
        rounds = self.config.attacker_rounds
        found = fight(
            self._ring,
            [
                Bout(key, 0, self._units, host, self._born(key), 0, rounds)
                for host, key in zip(hosts, keys, strict=True)
            ],
        )
        return [fought.pathogen for fought in found if fought.pathogen is not None]

    def _born(self, key: int) -> Learned:
        return row_of(self._ring.born_pathogens(key, 1), 0)

    def _test(self, seed: int, host: Learned, attacker: Learned) -> Bout:
        return Bout(
            _TEST + seed,
            0,
            self._units,
            host,
            attacker,
            measures_clean=True,
            measures_attacked=True,
        )

    @property
    def _units(self) -> tuple[int, ...]:
        regime: Regime = self.methods["no_adversary"]
        return regime.units


def _placement(config: CoevolutionConfig) -> Placement:
    return Placement(address=config.bouts_on)


def _mean(returns: Floats | None) -> float:
    assert returns is not None, "it was measured"
    return float(returns.mean())
