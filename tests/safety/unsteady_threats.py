"""Threats that say they are steady, and are not, in one way each."""

from rallypoint.safety.threats import Proposal
from tests.safety.broken_threats import Sound, config


@config()
class Steady(Sound):
    @property
    def is_steady(self):
        return True

    def proposal(self, known, draws):
        return Proposal(known.affordable, known.still)

    def memory(self, state, known):
        return state


@config()
class SteadyByTheClock(Steady):
    def proposal(self, known, draws):
        return Proposal(known.affordable & (known.time[:, None] % 2 == 0), known.still)


@config()
class SteadyByDice(Steady):
    def proposal(self, known, draws):
        return Sound.proposal(self, known, draws)


@config()
class SteadyByWhatItSees(Steady):
    def proposal(self, known, draws):
        return Proposal(known.affordable, known.actions)


@config()
class SteadyAndRemembering(Steady):
    def memory(self, state, known):
        return {"sum": state["sum"] + known.opportunities}


UNSTEADY = {
    SteadyByTheClock: "says that it is steady, and proposes for others",
    SteadyByDice: "says that it is steady, and proposes for others",
    SteadyByWhatItSees: "says that it is steady, and proposes other values",
    SteadyAndRemembering: "says that it is steady, and remembers another 'sum'",
}
