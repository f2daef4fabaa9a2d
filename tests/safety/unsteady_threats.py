"""Threats that say they are steady, and are not, in one way each; and some of functions."""

import numpy as np

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


@config()
class ByAFunction(Steady):
    """Keeps the contract: what it does of what is chosen is a function."""

    def proposal(self, known, draws):
        return Proposal(known.affordable, self.change)

    def change(self, chosen):
        return chosen // 2 if chosen.dtype.kind == "i" else chosen / 2


@config()
class ByAFunctionOfWhatItSaw(ByAFunction):
    def proposal(self, known, draws):
        seen = known.actions.sum()
        return Proposal(known.affordable, lambda chosen: np.full_like(chosen, seen % 2))


@config()
class ByAFunctionOfTheTime(ByAFunction):
    def proposal(self, known, draws):
        late = known.time.max() % 2
        return Proposal(known.affordable, lambda chosen: np.full_like(chosen, late))


@config()
class ByAFunctionOfAll(ByAFunction):
    def change(self, chosen):
        return np.full_like(chosen, len(chosen) % 2)


@config()
class ByAFunctionOfWhatItMayNotSee(ByAFunction):
    knowledge: tuple[str, ...] = ("own_percept",)


@config()
class ByAFunctionThatWrites(ByAFunction):
    def change(self, chosen):
        chosen[:] = 0
        return chosen


@config()
class ByAFunctionOutside(ByAFunction):
    def change(self, chosen):
        return chosen + chosen.dtype.type(7)


UNSTEADY = {
    ByAFunctionOfWhatItSaw: "treat each copy as if it were alone, and proposes other values",
    ByAFunctionOfTheTime: "says that it is steady, and proposes other values",
    ByAFunctionOfAll: "the same of what each agent has .* and makes something else of it without",
    ByAFunctionOfWhatItMayNotSee: "look at what it declared only: .* looked at 'actions'",
    ByAFunctionThatWrites: "must not write to what it is given",
    ByAFunctionOutside: "must propose values inside",
    SteadyByTheClock: "says that it is steady, and proposes for others",
    SteadyByDice: "says that it is steady, and proposes for others",
    SteadyByWhatItSees: "says that it is steady, and proposes other values",
    SteadyAndRemembering: "says that it is steady, and remembers another 'sum'",
}
