"""A function of what is there, proposed once, does what values proposed at each step do."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
import pytest

from rallypoint.errors import NotConformant, NotKnown
from rallypoint.safety.cells import among
from rallypoint.safety.frame import Threatened
from rallypoint.safety.known import REPLACED
from rallypoint.safety.threats import Proposal, Threat, threats
from rallypoint.safety.threats.crash import Crash
from rallypoint.safety.threats.feedback import FeedbackThreat
from rallypoint.safety.threats.mapped_action import MappedAction
from rallypoint.safety.threats.teammate.one_of import OneOf
from tests.safety.stubs import EVERYTHING, bits, ground, play


@dataclass(frozen=True, kw_only=True)
class Changing(Threat):
    """Does what a function makes of what is there; asked when opportunities change alone."""

    kind: ClassVar[str] = "changing"
    site: ClassVar[str] = "action"

    change: Callable = field(compare=False)
    calls: list | None = field(default=None, compare=False)

    @property
    def is_steady(self):
        return True

    def apply(self, state, known, draws):
        if self.calls is not None:
            self.calls.append(known.group.name)
        return Proposal(known.affordable, self.change), state


class Seeing(Changing):
    site: ClassVar[str] = "observation"


class Stopping(Changing):
    site: ClassVar[str] = "interruption"


@dataclass(frozen=True, kw_only=True)
class Telling(FeedbackThreat, Changing):
    is_steady: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class Blind(Threat):
    """Would make something of actions, and does not declare to see them."""

    kind: ClassVar[str] = "blind"
    site: ClassVar[str] = "action"

    def apply(self, state, known, draws):
        return Proposal(known.affordable, np.copy), state


def spelled_out(threat):
    """The same threat, which is asked at each step and says values."""
    kind = type(threat)

    class Spelled(kind):
        def apply(self, state, known, draws):
            (where, change, odds), after = super().apply(state, known, draws)
            now = among(known.few(REPLACED[self.site]), known.opportunities, where)
            return Proposal(where, change(now), odds), after

    other = object.__new__(Spelled)
    vars(other).update(vars(threat))
    return other


def halved(now):
    return (now / 2).astype(now.dtype)


KINDS = [Seeing, Changing, Stopping, Telling]
LIMITS = [
    {},
    {"victims": ["walker_0", "glider_1"]},
    {"victims": {"count": 2}},
    {"when": {"from": 2, "every": 2}},
    {"when": {"probability": 0.5}},
    {"budget": {"steps_per_episode": 4}},
    {"budget": {"agents": 1}},
]


def of(kind, change=halved, **limits):
    return kind(change=change, knowledge=[REPLACED[kind.site]], **limits)


@pytest.mark.parametrize("limits", LIMITS, ids=str)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.site)
def test_it_does_and_counts_what_values_do(kind, limits):
    threat = of(kind, **limits)
    told = []
    for one in (threat, spelled_out(threat)):
        # Before it and after it others act, and some leave in the middle.
        leaving = Crash(victims=["walker_1"], when={"from": 4}, seed=1)
        env = Threatened(ground(copies=4), [leaving, *EVERYTHING.threats[2:3], one])
        steps = bits(play(env, 14))
        env.reset(mask=np.array([True, False, True, False]))
        steps += bits(play(env, 5, seed=None, first=14))
        told.append((steps, env.receipts()))
    assert told[0] == told[1]
    assert sum(told[0][1][-1].applications.values())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.site)
def test_it_goes_on_from_a_snapshot(kind):
    model = [of(kind, victims=["walker_0"])]
    env = Threatened(ground(), model)
    list(play(env, 5))
    snapshot = env.snapshot()
    on = bits(play(env, 6, seed=None, first=5))
    other = Threatened(ground(), model)
    other.reset(seed=3)
    other.restore(snapshot)
    assert bits(play(other, 6, seed=None, first=5)) == on
    assert other.receipts() == env.receipts()


def test_it_is_asked_once_and_shown_those_whom_it_touches_at_each_step():
    calls, shown = [], []

    def looks(now):
        shown.append(now.copy())
        return now

    env = Threatened(ground(copies=3), [of(Changing, looks, victims=["walker_1"], calls=calls)])
    env.reset(seed=0)
    expected = []
    for step in range(4):
        actions = {"walkers": np.full((3, 3), step % 3), "gliders": np.zeros((3, 2, 2), np.float32)}
        actions["walkers"][:, 1] = [0, step % 2, 2]
        expected.append(actions["walkers"][:, 1])
        assert env.alive.all()
        env.step(actions)
    np.testing.assert_array_equal(shown, expected)
    assert calls == ["walkers", "gliders"]


def test_several_see_what_those_before_made_of_it():
    def plus_one(now):
        return now + 1

    tells = [of(Telling, plus_one), of(Telling, lambda now: now * 3), of(Telling, plus_one)]
    env = Threatened(ground(), tells)
    for step in play(env, 6):
        true = step.infos["true_rewards"]
        told = np.where(np.isin(step.rewards, true), step.rewards, (true + 1) * 3 + 1)
        np.testing.assert_array_equal(step.rewards, told)
    assert sum(env.receipts()[0].applications.values())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.site)
def test_what_it_did_not_declare_to_see_it_does_not_get(kind):
    env = Threatened(ground(), [kind(change=halved, knowledge=["colluders"])])
    with pytest.raises(NotKnown, match=f"looked at '{REPLACED[kind.site]}', which it did not"):
        list(play(env, 1))
    assert env.receipts()[0].violations["knowledge"] == 1


def writes(now):
    now[:] = 0
    return now


BROKEN = {
    "must not write to what it is given": writes,
    r"an array \(6,\) of float64 of what is there, not an array \(5,\)": lambda now: now[1:],
    "of float64 of what is there, not None": lambda now: None,
    "of float64 of what is there, not a MaskedArray": lambda now: np.ma.array(now, mask=True),
    "of float64 of what is there, not an array .* of complex128": lambda now: now * 1j,
    "finite numbers, not nan for walker_1 in row 0": lambda now: now + np.nan,
}


@pytest.mark.parametrize("says", BROKEN)
@pytest.mark.parametrize("later", [False, True])
def test_what_it_makes_is_looked_at_at_each_step(says, later):
    steps = []

    def change(now):
        steps.append(now)
        return now if later and len(steps) < 3 else BROKEN[says](now)

    env = Threatened(ground(), [of(Telling, change, victims=["walker_1"])])
    with pytest.raises(NotConformant, match=f"the threat 'changing'.*{says}"):
        list(play(env, 5))
    assert len(steps) == (3 if later else 1)


def test_actions_outside_their_space_are_refused():
    env = Threatened(ground(), [of(Changing, lambda now: now + 7, victims=["walker_2"])])
    with pytest.raises(NotConformant, match=r"inside Discrete\(3\), not 7 for walker_2 in row 0"):
        list(play(env, 2))


def test_it_is_held_to_a_reach():
    reach = {"reach": {"norm": "linf", "step": 0.05}}
    threat = of(Seeing, lambda now: np.full_like(now, 0.3), budget=reach)
    lied = []
    for one in (threat, spelled_out(threat)):
        env = Threatened(ground(), [one])
        steps = list(play(env, 8))
        seen = [step.observations["walkers"] for step in steps]
        true = [step.infos["true_observations/walkers"] for step in steps]
        lied.append((np.array(seen) - true, env.receipts()))
    np.testing.assert_array_equal(lied[0][0], lied[1][0])
    assert lied[0][1] == lied[1][1]
    assert 0 < np.abs(lied[0][0]).max() <= 0.05 + 1e-6


def test_what_one_type_did_not_declare_another_did_not_declare_for_it(monkeypatch):
    monkeypatch.setattr(threats, "_parts", {**threats._parts, "blind": Blind})
    table = MappedAction(table=(1, 2, 0)).to_dict()
    env = Threatened(ground(), [OneOf(types=(table, {"kind": "blind"}), victims=["walker_0"])])
    with pytest.raises(NotKnown, match="the threat 'blind' looked at 'actions', which it did not"):
        list(play(env, 9))
    assert env.receipts()[0].violations["knowledge"]


def test_a_type_of_several_may_propose_one():
    table = MappedAction(table=(1, 2, 0))
    assert table.is_steady
    victims = ["walker_0", "walker_2"]
    both = []
    for threat in (
        OneOf(types=(table.to_dict(),), victims=victims),
        replace(table, victims=victims),
    ):
        env = Threatened(ground(), [threat])
        steps = play(env, 9)
        both.append(np.array([step.infos["executed/walkers"] for step in steps]))
    np.testing.assert_array_equal(both[0], both[1])
