"""Regimes that are told made-up results of bouts."""

import numpy as np

from rallypoint.agents.coevolution.bouts import Fought
from rallypoint.agents.coevolution.regimes.coevolution import Coevolution
from rallypoint.agents.coevolution.regimes.in_turns import OneAgainstOne, RoundRobin
from rallypoint.agents.coevolution.regimes.unopposed import Unopposed

SMALL = {"units": (4,), "birth_rounds": 3, "host_rounds": 2, "pathogen_rounds": 1}
SEVERAL = {"hosts": 3, "pathogens": 2}
REGIMES = {
    "coevolution": (Coevolution, {"earlier": ((2,), (3,)), **SEVERAL, "passes": 50}),
    "round_robin": (RoundRobin, SEVERAL),
    "one_against_one": (OneAgainstOne, {}),
    "unopposed": (Unopposed, {}),
}


def regime_of(name, ring, budget=30_000, **settings):
    kind, own = REGIMES[name]
    return kind(ring=ring, budget=budget, **(SMALL | own | settings))


class Played:
    """Carries a regime out with results that a rule makes up."""

    def __init__(self, regime, taken=0.3, clean=30.0, seed=0):
        self.regime = regime
        self.taken = taken if callable(taken) else lambda _: taken
        self.clean = np.atleast_1d(clean)  # of every host, or of all
        self.population = regime.begin(seed)
        self.rounds = []  # (population before, meetings)
        self.steps = []

    def fought(self, meeting, bout):
        most = self.regime.cost(meeting)
        self.steps.append(most)
        clean, n = np.full(3, self.clean[meeting.host % len(self.clean)]), 3
        attacked = clean * (1 - self.taken(self.population)) + np.arange(-1, n - 1) * 0.3
        learned = {name: part + 1 for name, part in bout.host.items()}
        return Fought(
            learned if meeting.host_rounds else bout.host,
            bout.pathogen,
            clean if meeting.measures_clean else None,
            attacked if meeting.measures_attacked else None,
            most,
        )

    def round(self):
        self.population, meetings = self.regime.ordered(self.population)
        if not meetings:
            return False
        self.rounds.append((self.population, meetings))
        bouts = self.regime.bouts(self.population, meetings)
        found = [self.fought(*each) for each in zip(meetings, bouts, strict=True)]
        self.population = self.regime.told(self.population, meetings, found)
        return True

    def whole(self):
        while self.round():
            assert len(self.rounds) < 5000
        return self
