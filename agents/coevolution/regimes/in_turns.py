"""Everybody in turns: one against one, or all against all, whoever harms whom."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from rallypoint.agents.coevolution.bouts import Fought
from rallypoint.agents.coevolution.population import Population
from rallypoint.agents.coevolution.regimes import Meeting, Meetings, Regime, everybody_meets
from rallypoint.errors import InvalidConfig

_BIRTH, _TURNS, _CLOSING = range(3)


@dataclass(frozen=True, kw_only=True)
class InTurns(Regime):
    """Hosts learn alone at first; then pathogens and hosts learn from each other in turns."""

    @property
    @abstractmethod
    def counts(self) -> tuple[int, int]:
        """How many hosts and pathogens there are."""

    @property
    def least_budget(self) -> int:
        """All are born, each host meets somebody once or waits, and one is chosen."""
        hosts, pathogens = self.counts
        turn = min(hosts, pathogens) * self.cost(self._bout(0, 0))
        return hosts * self.cost(self._birth(0)) + turn + self._closing_cost

    def begin(self, seed: int) -> Population:
        """Return all of them."""
        return self.fresh(seed, self.units, *self.counts)

    def ordered(self, population: Population) -> tuple[Population, Meetings]:
        """Let all be born, and meet until the budget is spent; then measure, if there is choice."""
        hosts, pathogens = self.counts
        if population.phase == _BIRTH:
            return population, tuple(self._birth(host) for host in range(hosts))
        turns = list(everybody_meets(hosts, pathogens))
        if population.phase == _TURNS:
            some = tuple(self._bout(*pair) for pair in turns[population.turn % len(turns)])
            left = self.budget - self._closing_cost - population.spent
            some = some[: left // self.cost(some[0])]
            if some:
                return population, some
            population = population.but(phase=_CLOSING, turn=0)
        if hosts == 1 or population.turn > len(turns):
            return population, ()
        if population.turn == 0:
            return population, tuple(Meeting(h, measures_clean=True) for h in range(hosts))
        pairs = turns[population.turn - 1]
        return population, tuple(Meeting(*pair, measures_attacked=True) for pair in pairs)

    def told(
        self, population: Population, meetings: Meetings, fought: Sequence[Fought]
    ) -> Population:
        """Go on to the next turn."""
        after = super().told(population, meetings, fought)
        if population.phase == _BIRTH:
            return after.but(phase=_TURNS)
        return after.but(turn=population.turn + 1)

    def _birth(self, host: int) -> Meeting:
        return Meeting(host, host_rounds=self.birth_rounds)

    def _bout(self, host: int, pathogen: int) -> Meeting:
        return Meeting(host, pathogen, self.host_rounds, self.pathogen_rounds)

    @property
    def _closing_cost(self) -> int:
        hosts, pathogens = self.counts
        return hosts * (pathogens + 1) * self.ring.measuring_cost if hosts > 1 else 0


@dataclass(frozen=True, kw_only=True)
class OneAgainstOne(InTurns):
    """One host and one pathogen.

    Source: the alternation of ATLA, Zhang, Chen, Boning & Hsieh (2021), "Robust Reinforcement
    Learning on State Observations with Learned Optimal Adversary", ICLR, arXiv:2101.08452; the host
    has learned alone first.
    """

    @property
    def counts(self) -> tuple[int, int]:
        """One of each."""
        return 1, 1


@dataclass(frozen=True, kw_only=True)
class RoundRobin(InTurns):
    """Every host meets every pathogen, one after another, over and over."""

    hosts: int = 3
    pathogens: int = 3

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            InvalidConfig: says what must hold.
        """
        if self.hosts < 1 or self.pathogens < 1 or self.hosts == self.pathogens == 1:
            raise InvalidConfig(
                f"everybody meets everybody where there are several, got {self.hosts} hosts and "
                f"{self.pathogens} pathogens; one of each is OneAgainstOne"
            )
        super().__post_init__()

    @property
    def counts(self) -> tuple[int, int]:
        """As many as there are to be."""
        return self.hosts, self.pathogens
