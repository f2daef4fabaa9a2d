"""Values of those who are touched alone do what values of everybody do."""

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
import pytest

from rallypoint.errors import NotConformant, NotKnown, NotOffered
from rallypoint.safety.cells import among, gathered, spread
from rallypoint.safety.conformance.proving_ground import ProvingGround
from rallypoint.safety.conformance.proving_ring import ProvingRing
from rallypoint.safety.conformance.stand_in import Anything
from rallypoint.safety.frame import Threatened
from rallypoint.safety.known import REPLACED
from rallypoint.safety.threats import OF_ROUNDS, Proposal, Threat, threats
from tests.safety.stubs import SeeingStub, Stub, actions_at, bits, ground, moving, play

LIMITS = [{}, {"victims": {"count": 2}, "budget": {"agents": 1}}]
IN_WORLDS = [k for k in threats if threats[k].site not in (*OF_ROUNDS, "presence")]


def in_form(threat, change):
    """The same threat, whose values come in another form."""
    kind = type(threat)

    class Changed(kind):
        def apply(self, state, known, draws):
            (where, values, odds), after = super().apply(state, known, draws)
            if callable(values):
                now = known.few(REPLACED[self.site])
                values = values(among(now, known.opportunities, where))
            spaces = {"observation": known.group.observation_space, "feedback": None}
            space = spaces.get(self.site, known.group.action_space)
            is_whole = values.ndim == 2 + len(() if space is None else space.shape)
            return Proposal(where, change(where, values, is_whole=is_whole), odds), after

    other = object.__new__(Changed)
    vars(other).update(vars(threat))
    return other


def whole(where, values, *, is_whole):
    return values if is_whole else spread(values, where)


def few(where, values, *, is_whole):
    return gathered(values, where) if is_whole else values


@pytest.mark.parametrize("limits", LIMITS, ids=str)
@pytest.mark.parametrize("kind", IN_WORLDS)
def test_every_kind_may_propose_in_either_form(kind, limits):
    threat = threats[kind]()
    budget = limits.get("budget", {})
    threat = replace(threat, **limits | ({"budget": threat.budget} if budget else {}))
    asks_where = "geometry" in {*threat.needs, *threat.knowledge}
    seen = []
    for form in (whole, few):
        world = ProvingRing(copies=4) if asks_where else ProvingGround(copies=4)
        env = Threatened(world, [in_form(threat, form)], policy=Anything(world.groups))
        steps = bits(play(env, 12))
        seen.append((steps, env.receipts()))
    assert seen[0] == seen[1]
    assert seen[0][1][0].opportunities


def test_what_is_dropped_is_dropped_with_its_values():
    def numbered(state, known, draws):
        shape = known.opportunities.shape
        where = np.ones(shape, dtype=bool)  # everybody, also who is no victim
        few = np.arange(where.size) % 3
        return Proposal(where, few if where.size else known.still), state

    env = Threatened(ground(copies=4, gliders=0), [Stub(does=numbered, victims=[0, 2])])
    env.reset(seed=0)
    executed = env.step(moving(env)).infos["executed/walkers"]
    expected = np.arange(12).reshape(4, 3) % 3
    np.testing.assert_array_equal(executed[:, [0, 2]], expected[:, [0, 2]])
    assert env.receipts()[0].violations["victims"] == 4


def test_others_than_those_it_touches_are_refused():
    def does(state, known, draws):
        return Proposal(known.opportunities, np.zeros(5, dtype=int)), state

    env = Threatened(ground(copies=4, gliders=0), [Stub(does=does)])
    env.reset(seed=0)
    with pytest.raises(NotConformant, match=r"not an array \(5,\).*it touches alone, \(12,\)"):
        env.step(moving(env))


def test_few_of_a_view_are_those_of_the_whole():
    checked = []

    def does(state, known, draws):
        for view in ("own_percept", "percepts", "actions"):
            shown = known.few(view)
            np.testing.assert_array_equal(shown, getattr(known, view)[known.opportunities])
            assert not shown.flags.writeable
            checked.append(len(shown))
        return Proposal(np.zeros_like(known.opportunities), known.still), state

    views = ["own_percept", "percepts", "actions"]
    for victims in ("all", ["walker_1", "glider_0"], {"count": 1}):
        env = Threatened(ground(copies=5), [Stub(does=does, victims=victims, knowledge=views)])
        list(play(env, 6))
    assert 0 < min(filter(None, checked)) < max(checked)


def test_few_of_what_was_not_declared_or_has_no_cells_are_refused():
    def asks(view):
        return lambda state, known, draws: known.few(view)

    for view, error in (("actions", NotKnown), ("future", NotKnown), ("true_state", NotOffered)):
        env = Threatened(ground(), [Stub(does=asks(view), knowledge=["true_state"])])
        env.reset(seed=0)
        with pytest.raises(error, match=view):
            env.step(actions_at(env, 0))
        assert env.receipts()[0].violations["knowledge"] == (error is NotKnown)


def test_what_is_true_stays_what_the_world_shows_whoever_writes_over_it():
    def doubled(state, known, draws):
        return Proposal(known.affordable, known.few("percepts") / 2), state

    stubs = [
        SeeingStub(does=doubled, knowledge=["percepts"], victims=victims)
        for victims in ("all", [1], [1, 2])
    ]
    lied_to, bare = (Threatened(ground(copies=3, gliders=0), some) for some in (stubs, []))
    for one, other in zip(play(lied_to, 20), play(bare, 20), strict=True):
        true = other.observations["walkers"]
        np.testing.assert_array_equal(one.infos["true_observations/walkers"], true)
        shares = np.array([2, 8, 4])[:, None]
        np.testing.assert_array_equal(one.observations["walkers"] * shares, true)


@dataclass(frozen=True, kw_only=True)
class InTurn(Threat):
    """Others do nothing at each step, said in one array all along or in new ones."""

    kind: ClassVar[str] = "in_turn"
    site: ClassVar[str] = "action"

    room: np.ndarray | None = field(default=None, compare=False)

    def apply(self, state, known, draws):
        whose = np.arange(known.opportunities.shape[1]) <= known.time[:, None] % 3
        where = known.opportunities & whose
        if self.room is not None and where.shape == self.room.shape:
            self.room[:] = where
            where = self.room
        return Proposal(where, known.still), state


def test_who_proposes_in_one_array_all_along_is_counted_for_what_is_in_it_each_time():
    told = []
    for room in (None, np.zeros((5, 3), dtype=bool)):
        env = Threatened(ground(copies=5, gliders=0), [InTurn(room=room)])
        told.append((bits(play(env, 7)), env.receipts()))
    assert told[0] == told[1]
