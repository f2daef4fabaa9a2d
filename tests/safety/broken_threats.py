"""Threats that break the contract in one thing each."""

import contextlib
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from rallypoint.errors import NotKnown
from rallypoint.safety.threats import Proposal, Threat


def config(**settings):
    return dataclass(frozen=True, kw_only=True, **settings)


@config()
class Sound(Threat):
    """Keeps the contract; the broken ones below differ from it in one thing each."""

    kind: ClassVar[str] = "sound"
    site: ClassVar[str] = "action"

    knowledge: tuple[str, ...] = ("actions",)
    odds: float = 0.5

    @property
    def needs(self):
        return frozenset({"noop"})

    def init(self, E, N):
        return {"sum": np.zeros((E, N))}

    def proposal(self, known, draws):
        tries = draws.random(known.opportunities.shape[1:]) < self.odds
        return Proposal(known.affordable & tries, known.still)

    def memory(self, state, known):
        return {"sum": state["sum"] + known.actions.reshape(*state["sum"].shape, -1).sum(-1)}

    def apply(self, state, known, draws):
        return self.proposal(known, draws), self.memory(state, known)


class Mutable(Sound):
    pass


@dataclass(frozen=True)
class Positional(Sound):
    odd: float = 0.5


@config()
class Unsited(Sound):
    site = "nowhere"


@config()
class Careless(Sound):
    def __post_init__(self):
        pass


@config()
class Unserialisable(Sound):
    odds: complex = 1j


@config()
class Lossy(Sound):
    steps: tuple[int, ...] = field(default=(1, 2))

    def to_dict(self):
        return super().to_dict() | {"steps": [1]}


@config()
class Rowless(Sound):
    def init(self, E, N):
        return {"sum": np.zeros(N)}


@config()
class Uneven(Sound):
    def init(self, E, N):
        return {"sum": np.arange(E * N, dtype=float).reshape(E, N)}


@config()
class Reaching(Sound):
    def proposal(self, known, draws):
        return Proposal(np.ones_like(known.opportunities), known.still)


@config()
class Spendthrift(Sound):
    def proposal(self, known, draws):
        return Proposal(known.opportunities, known.still)


@config()
class Illegal(Sound):
    def proposal(self, known, draws):
        return Proposal(known.affordable, known.still + known.still.dtype.type(7))


@config()
class Misshapen(Sound):
    def proposal(self, known, draws):
        return Proposal(known.affordable[:1], known.still)


@config()
class Peeking(Sound):
    def proposal(self, known, draws):
        return Proposal(known.affordable & (known.true_state[:, :1] > 0), known.still)


@config()
class PeekingInSecret(Sound):
    def proposal(self, known, draws):
        with contextlib.suppress(NotKnown):
            _ = known.policy
        return super().proposal(known, draws)


GENERATOR = np.random.default_rng(0)


@config()
class ItsOwnDice(Sound):
    def proposal(self, known, draws):
        tries = GENERATOR.random(known.opportunities.shape) < 0.5
        return Proposal(known.affordable & tries, known.still)


CALLS = []


@config()
class RemembersOutside(Sound):
    def proposal(self, known, draws):
        CALLS.append(1)
        return Proposal(known.affordable & (len(CALLS) % 7 > 3), known.still)


@config()
class Writing(Sound):
    def memory(self, state, known):
        state["sum"] += 1
        return state


@config()
class Replacing(Sound):
    def memory(self, state, known):
        state["sum"] = state["sum"] + 1
        return state


@config()
class Forgetful(Sound):
    def memory(self, state, known):
        return {}


@config()
class Crowding(Sound):
    def proposal(self, known, draws):
        busiest = known.actions.reshape(len(known.time), -1).sum(axis=1)
        most = busiest == busiest.max()
        return Proposal(known.affordable & most[:, None], known.still)


@config()
class SharedDice(Sound):
    def proposal(self, known, draws):
        first = draws.random(known.opportunities.shape[1:])[:1]  # of the first copy, for all
        return Proposal(known.affordable & (first < 0.5), known.still)


@config()
class Mixing(Sound):
    def memory(self, state, known):
        return {"sum": state["sum"] + known.actions.mean()}


@config()
class BeginsByTheBatch(Sound):
    def begin(self, state, draws):
        return {"sum": state["sum"] + len(state["sum"])}


@config()
class BeginsByItsOwnDice(Sound):
    def begin(self, state, draws):
        return {"sum": GENERATOR.random(state["sum"].shape)}


@config()
class WritesWhenItBegins(Sound):
    def begin(self, state, draws):
        state["sum"][:] = 1
        return state


@config()
class BeginsWithSomethingElse(Sound):
    def begin(self, state, draws):
        return {}


@config()
class OddsOfAnotherShape(Sound):
    def proposal(self, known, draws):
        return super().proposal(known, draws)._replace(odds=np.ones(3))


@config()
class OddsByTheBatch(Sound):
    def proposal(self, known, draws):
        odds = np.full(known.opportunities.shape, 1 / len(known.time))
        return super().proposal(known, draws)._replace(odds=odds)


@config()
class AnswersNothing(Sound):
    def apply(self, state, known, draws):
        return self.proposal(known, draws)


@config()
class Feeding(Sound):
    site: ClassVar[str] = "feedback"


@config()
class Demanding(Sound):
    @property
    def needs(self):
        return frozenset({"cost"})


@config()
class Unassuming(Sound):
    @property
    def needs(self):
        return frozenset()


@config()
class WithoutDefault(Sound):
    odds: float = field()


BROKEN = {
    Mutable: "must be a @dataclass",
    Positional: "keyword-only settings; 'odd' is not",
    Unsited: "must stand at one of presence, observation.*not 'nowhere'",
    Careless: r"must call super\(\).__post_init__\(\)",
    Unserialisable: "must survive JSON",
    Lossy: "must come back from JSON as it was",
    Rowless: "state 'sum' an array with first axis 1",
    Uneven: "must begin every copy alike, and does not in 'sum'",
    Reaching: "must touch only its opportunities",
    Spendthrift: "no more new agents than known.allowance",
    Illegal: r"inside Discrete\(3\), not 7",
    Misshapen: r"bool array \(3, 3\), not an array \(1, 3\)",
    Peeking: "look at what it declared only: .*'true_state'",
    PeekingInSecret: "hides that it did not",
    ItsOwnDice: "must do the same with the same inputs and draws, and proposes for others",
    RemembersOutside: "must do the same with the same inputs and draws",
    Writing: "must not write to what it is given",
    Replacing: "must return a new state, not change the one given",
    Forgetful: r"must keep the state it was given, arrays \['sum'\], not \[\]",
    Crowding: "as if it were alone, and proposes for others at step",
    SharedDice: "as if it were alone, and proposes for others at step",
    Mixing: "as if it were alone, and remembers another 'sum'",
    BeginsByTheBatch: "as if it were alone, and remembers another 'sum'",
    BeginsByItsOwnDice: "must do the same with the same inputs and draws, and remembers another",
    WritesWhenItBegins: "must not write to what it is given",
    BeginsWithSomethingElse: r"must keep the state it was given, arrays \['sum'\], not \[\]",
    OddsOfAnotherShape: r"must say odds in an array \(3, 3\), not an array \(3,\)",
    OddsByTheBatch: "as if it were alone, and tells other odds at step 0",
    AnswersNothing: r"must return \(proposal, state\)",
    Feeding: "cannot be tried: .*site 'feedback', so it must be a FeedbackThreat",
    Demanding: "cannot be tried: .*needs cost.*give an env that it fits",
    Unassuming: "must say what it needs: .*no action that does nothing",
    WithoutDefault: "must have a default for each of its settings: .*'odds'",
}
