"""Threats to updates that break the contract in one thing each, and how it is named."""

import contextlib
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from rallypoint.errors import NotConformant, NotKnown
from rallypoint.safety.conformance import assert_is_threat
from rallypoint.safety.threats import State, Threat, register, threats
from rallypoint.safety.threats import update as kinds
from rallypoint.safety.threats.update import Answer, Generators, UpdateThreat
from rallypoint.safety.updates.known import KnownUpdates


@pytest.fixture(autouse=True)
def _registry_as_before(monkeypatch):
    list(threats)  # found
    monkeypatch.setattr(threats, "_parts", dict(threats._parts))


def config(kind):
    return dataclass(frozen=True, kw_only=True)(kind)


@config
class Sound(UpdateThreat):
    """Keeps the contract; the broken ones below differ from it in one thing each."""

    kind: ClassVar[str] = "sound"

    knowledge: tuple[str, ...] = ("own_update",)

    def init(self, E, N):
        return {"sum": np.zeros((E, N)), "strength": np.full(E, np.nan)}

    def lies(self, known, rngs):
        noise = np.stack([rng.standard_normal(known.shape[1]) for rng in rngs])
        return known.own + noise

    def memory(self, state, known):
        return {"sum": state["sum"] + known.own, "strength": np.ones(known.shape[0])}

    def apply(self, state, known, rngs):
        return self.lies(known, rngs), self.memory(state, known)


@config
class Unequal(Sound):
    def init(self, E, N):
        return super().init(E, N) | {"strength": np.arange(E) * 1.0}


@config
class Rowless(Sound):
    def init(self, E, N):
        return {"sum": np.zeros(N)}


@config
class Single(Sound):
    def lies(self, known, rngs):
        return known.own[0]


@config
class Whole(Sound):
    def lies(self, known, rngs):
        return np.ones(known.shape, dtype=int)


@config
class Endless(Sound):
    def lies(self, known, rngs):
        return np.full(known.shape, np.inf)


@config
class TooLarge(Sound):
    def lies(self, known, rngs):
        return np.full(known.shape, 1e200)


@config
class Nosy(Sound):
    def lies(self, known, rngs):
        return known.own + known.honest.mean()


@config
class Sly(Sound):
    def lies(self, known, rngs):
        with contextlib.suppress(NotKnown):
            return known.own + known.colluders.mean()
        return known.own * 1


@config
class Scribbling(Sound):
    def lies(self, known, rngs):
        known.own[0] = 0
        return known.own


@config
class Overwriting(Sound):
    def memory(self, state, known):
        state["sum"] += 1
        return state


@config
class Forgetful(Sound):
    def memory(self, state, known):
        return {}


@config
class Erratic(Sound):
    def lies(self, known, rngs):
        Erratic.asked = getattr(Erratic, "asked", 0) + 1
        return known.own + Erratic.asked


@config
class Moody(Sound):
    def memory(self, state, known):
        Moody.asked = getattr(Moody, "asked", 0) + 1
        return super().memory(state, known) | {
            "strength": np.full(known.shape[0], Moody.asked + 0.5)
        }


@config
class Silent(Sound):
    def apply(self, state, known, rngs):
        return self.lies(known, rngs)


@config
class Worldly(Sound):
    knowledge: tuple[str, ...] = ("true_state",)


BROKEN = {
    Unequal: "begin every contributor alike, and does not in 'strength'",
    Rowless: "state 'sum' an array with first axis 1",
    Single: r"send a floating array \(3, 6\), one row for each contributor, not 'an array \(6,\)",
    Whole: r"not 'an array \(3, 6\) of int64'",
    Endless: "send finite numbers that float64 holds, or say that they are not: is_finite = False",
    TooLarge: "send finite numbers that float32 holds",
    Nosy: "look at what it declared only: .*'honest_updates', which it did not declare",
    Sly: "look at what it declared only, and hides that it did not",
    Scribbling: "not write to what it is given",
    Overwriting: "not write to what it is given",
    Forgetful: r"keep the state it was given, arrays \['strength', 'sum'\], not \[\]",
    Erratic: "sends or remembers something else in round 0",
    Moody: "sends or remembers something else in round 0",
    Silent: r"return \(proposal, state\)",
    Worldly: "it cannot be tried: .*knowledge of true_state; about updates there is",
}


def test_the_sound_one_keeps_the_contract():
    register(Sound)
    assert_is_threat("sound")
    assert_is_threat(Sound(victims=[2], when={"every": 2}, budget={"rounds": 1, "norm": 0.5}))


@pytest.mark.parametrize("broken", BROKEN, ids=[kind.__name__ for kind in BROKEN])
def test_a_broken_threat_is_refused_and_its_fault_named(broken):
    register(broken)
    with pytest.raises(NotConformant, match=BROKEN[broken]):
        assert_is_threat("sound")


def test_a_threat_at_site_update_is_an_update_threat():
    @config
    class Stray(Threat):
        """Stands where it does not belong."""

        kind: ClassVar[str] = "stray"
        site: ClassVar[str] = "update"

        def apply(self, state, known, draws):
            return None, state

    register(Stray)
    with pytest.raises(NotConformant, match="stands at site 'update', so it must be an UpdateThr"):
        assert_is_threat("stray")


def test_the_example_for_authors_keeps_the_contract():
    _, _, example = kinds.__doc__.partition("    @register\n")
    example, _, _ = example.partition("and check it with")
    lines = ["@register", *(line.removeprefix("    ") for line in example.splitlines())]
    names = {
        "dataclass": dataclass,
        "ClassVar": ClassVar,
        "UpdateThreat": UpdateThreat,
        "KnownUpdates": KnownUpdates,
        "Generators": Generators,
        "Answer": Answer,
        "State": State,
        "register": register,
        "__name__": __name__,
    }
    exec("\n".join(lines), names)  # noqa: S102 - it is our own docstring
    assert_is_threat("shout")
