"""State that outlasts episodes, episodes that begin by a draw, and seeds of a threat's own."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

import rallypoint
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig, NotConformant
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threats import Proposal, Threat
from tests.safety.stubs import Doze, actions_at, bits, ground, play


@dataclass(frozen=True, kw_only=True)
class Moody(Threat):
    """Agents in a bad mood all episode long, drawn when it begins; it counts its steps."""

    kind: ClassVar[str] = "moody"
    site: ClassVar[str] = "action"
    lasting: ClassVar[frozenset[str]] = frozenset({"steps", "episodes"})

    alike: bool = False

    @property
    def groups_draw_alike(self):
        return self.alike

    def init(self, E, N):
        zeros = np.zeros(E, dtype=np.int64)
        return {"mood": np.zeros((E, N)), "steps": zeros, "episodes": zeros, "here": zeros}

    def begin(self, state, draws):
        mood = draws.random(state["mood"].shape[1:])
        return state | {"mood": mood, "episodes": state["episodes"] + 1}

    def apply(self, state, known, draws):
        after = state | {"steps": state["steps"] + 1, "here": state["here"] + 1}
        return Proposal(known.opportunities & (state["mood"] < 0.5), known.still), after


def state_of(env, group="walkers"):
    [leash] = env._leashes
    return leash._memory._states[group]


def moody(**settings):
    return Threatened(ground(copies=6), [Moody(**settings)])


def test_what_lasts_is_kept_when_episodes_begin_and_the_rest_is_cleared():
    env = moody()
    env.reset(seed=0)
    for step in range(3):
        env.step(actions_at(env, step))
    mask = np.array([True, False] * 3)
    before = state_of(env)["mood"].copy()
    env.reset(mask=mask)
    state = state_of(env)
    assert state["steps"].tolist() == [3] * 6
    assert state["episodes"].tolist() == [2, 1] * 3
    assert state["here"].tolist() == [0, 3] * 3
    assert ((state["mood"] == before).all(axis=1) == ~mask).all()


@dataclass(frozen=True, kw_only=True)
class Late(Threat):
    """Agents see, now and then, what they saw a step ago."""

    kind: ClassVar[str] = "late"
    site: ClassVar[str] = "observation"

    knowledge: tuple[str, ...] = ("own_percept",)

    def init(self, E, N):
        return {"seen": np.zeros((E, N, 13), dtype=np.float32)}

    def apply(self, state, known, draws):
        return Proposal(known.affordable, state["seen"]), {"seen": known.own_percept}


def test_what_it_remembers_is_its_own_whatever_becomes_of_what_it_was_shown():
    def seen(factor):
        env = Threatened(rallypoint.make("gathering-v0", copies=2), [Late(when={"every": 3})])
        observed = env.reset(seed=0)["agents"]
        for step in range(8):
            yield observed.copy()
            observed *= factor
            observed = env.step(actions_at(env, step)).observations["agents"]

    for one, other in zip(seen(1.0), seen(0.5), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_seeded_reset_clears_what_lasts():
    env = moody()
    first = bits(play(env, 30))
    assert bits(play(env, 30)) == first
    env.reset(seed=0)
    assert state_of(env)["episodes"].tolist() == [1] * 6


def test_what_lasts_and_what_was_drawn_are_in_a_snapshot():
    env, other = moody(), moody()
    list(play(env, 17))
    snapshot = env.snapshot()
    ahead = bits(play(env, 20, seed=None, first=17))
    other.restore(snapshot)
    assert bits(play(other, 20, seed=None, first=17)) == ahead


def test_what_an_episode_begins_with_does_not_depend_on_the_batch():
    def run(ids):
        return play(Threatened(ground(copies=ids), [Moody()]), 30)

    whole = list(run(range(9)))
    for ids in ([4], range(3, 8)):
        assert bits(run(ids)) == bits(whole, list(ids))


def test_groups_draw_alike_only_where_a_threat_says_so():
    for alike in (True, False):
        env = moody(alike=alike)
        env.reset(seed=0)
        moods = [state_of(env, group)["mood"][:, :2] for group in ("walkers", "gliders")]
        assert (moods[0] == moods[1]).all() == alike
    drawn = Draws(0, "threats/moody/own", range(6)).random((3,))
    env = moody(alike=True)
    env.reset(seed=0)
    assert (state_of(env)["mood"] == drawn).all()


def test_a_threat_with_a_seed_of_its_own_draws_the_same_whatever_the_frames():
    threat = Doze(victims={"count": 2}, when={"probability": 0.7}, seed=11)

    def dozing(threat, frame_seed):
        env = Threatened(ground(copies=40), [threat], seed=frame_seed)
        env.reset(seed=3)
        victims = env._leashes[0].victims
        env.step(actions_at(env, 0))
        return victims, env.receipts()[0].applications

    (one, first), (other, second) = dozing(threat, 1), dozing(threat, 2)
    assert (one == other).all()
    assert first == second
    assert dozing(replace(threat, seed=12), 1)[1] != first
    assert dozing(replace(threat, seed=None), 11)[1] == first
    assert dozing(replace(threat, seed=None), 12)[1] != first


def test_a_snapshot_goes_on_with_a_threats_own_seed():
    def made():
        return Threatened(ground(copies=5), [Doze(victims={"count": 2}, seed=11)], seed=4)

    env, other = made(), made()
    list(play(env, 17))
    snapshot = env.snapshot()
    ahead = bits(play(env, 20, seed=None, first=17))
    other.restore(snapshot)
    assert bits(play(other, 20, seed=None, first=17)) == ahead


@pytest.mark.parametrize("seed", [-1, 0.5, True, "0"])
def test_a_seed_that_is_none_is_refused(seed):
    with pytest.raises(InvalidConfig, match=r"seed is an integer( or null|.*2\*\*64\)), got"):
        Doze(seed=seed)


@dataclass(frozen=True, kw_only=True)
class Growing(Moody):
    def begin(self, state, draws):
        return state | {"mood": np.zeros(3)}


def test_a_beginning_that_returns_another_state_is_refused():
    env = Threatened(ground(), [Growing()])
    with pytest.raises(NotConformant, match="must keep state 'mood' an array"):
        env.reset(seed=0)
