"""No adversary: one host that learns alone."""

from dataclasses import dataclass

from rallypoint.agents.coevolution.population import Population
from rallypoint.agents.coevolution.regimes import Meeting, Meetings, Regime


@dataclass(frozen=True, kw_only=True)
class Unopposed(Regime):
    """A host that never meets a pathogen, and learns for the whole budget."""

    @property
    def least_budget(self) -> int:
        """One round."""
        return self.ring.learning_cost(1, of_host=True)

    def begin(self, seed: int) -> Population:
        """Return the host, and a pathogen that nobody meets."""
        return self.fresh(seed, self.units, 1, 1)

    def ordered(self, population: Population) -> tuple[Population, Meetings]:
        """Let it learn on."""
        left = (self.budget - population.spent) // self.ring.learning_cost(1, of_host=True)
        rounds = min(left, self.birth_rounds)
        return population, (Meeting(0, host_rounds=rounds),) if rounds else ()
