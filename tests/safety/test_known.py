"""What is always known, and what may be taken at once."""

import copy

import numpy as np
import pytest

from rallypoint.errors import NotKnown
from rallypoint.safety.conformance.proving_ring import ProvingRing
from rallypoint.safety.conformance.stand_in import Anything
from rallypoint.safety.frame import Threatened
from rallypoint.safety.known import afford
from rallypoint.safety.threats import KNOWLEDGE, Proposal
from rallypoint.safety.views import SUPPLIED
from tests.safety.stubs import Stub, actions_at, ground


def seen_by_a_threat(look, world=None, policy=None, **settings):
    seen = []

    def does(state, known, draws):
        seen.append(look(known))
        return Proposal(np.zeros_like(known.opportunities), known.still), state

    env = Threatened(world or ground(copies=2), [Stub(does=does, **settings)], policy=policy)
    env.reset(seed=0)
    for step in range(2):
        env.step(actions_at(env, step))
    return seen, env


def test_time_group_and_the_action_that_does_nothing_are_always_known():
    seen, env = seen_by_a_threat(lambda k: (k.time.tolist(), k.group, k.noop, k.still.shape))
    walkers, gliders = env.groups
    assert seen[0] == ([0, 0], walkers, 0, (2, 3))
    assert seen[2] == ([1, 1], walkers, 0, (2, 3))
    assert seen[3][1] == gliders
    assert seen[3][3] == (2, 2, 2)


def test_a_view_is_made_once_and_only_when_it_is_looked_at():
    calls = []

    class Counted(type(ground())):
        def state(self):
            calls.append(1)
            return super().state()

    def twice(state, known, draws):
        assert known.true_state is known.true_state
        return Proposal(np.zeros_like(known.opportunities), known.still), state

    def never(state, known, draws):
        return Proposal(np.zeros_like(known.opportunities), known.still), state

    for does in (never, twice):
        env = Threatened(Counted(copies=2, gliders=0), [Stub(does=does, knowledge=["true_state"])])
        env.reset(seed=0)
        env.step(actions_at(env, 0))
    assert len(calls) == 1  # for both groups, of which the second is empty


def test_exactly_the_declared_views_are_known():
    def names(known):
        found = set()
        for name in KNOWLEDGE:
            try:
                getattr(known, name)
            except NotKnown:
                continue
            found.add(name)
        return found

    for declared in ([], ["actions"], ["actions", "own_percept"], sorted(SUPPLIED["action"])):
        ring = ProvingRing(copies=2)
        seen, _ = seen_by_a_threat(names, ring, Anything(ring.groups), knowledge=declared)
        assert seen[0] == set(declared)


def test_whoever_acts_for_a_threat_sees_no_more_than_that_declared():
    nobody = np.zeros((2, 3), dtype=bool)
    curious = Stub(does=print, knowledge=["actions", "true_state"])

    def looks(known):
        return known.narrowed(curious, nobody[:, : known.opportunities.shape[1]]).true_state

    with pytest.raises(NotKnown, match="'true_state', which 'stub' did not declare"):
        seen_by_a_threat(looks, knowledge=["actions"])


def test_what_is_known_can_be_copied():
    seen, _ = seen_by_a_threat(copy.copy)
    assert seen[0].time.tolist() == [0, 0]


def brute_force_afford(wanted, touched, allowance):
    kept = np.zeros_like(wanted)
    for row, agent in np.argwhere(wanted):
        new = kept[row, :agent] & ~touched[row, :agent]
        kept[row, agent] = touched[row, agent] or new.sum() < allowance[row]
    return kept


@pytest.mark.parametrize("seed", range(5))
def test_what_is_affordable_is_what_one_by_one_would_be(seed):
    rng = np.random.default_rng(seed)
    wanted, touched = rng.random((2, 40, 7)) < 0.5
    allowance = rng.integers(0, 8, 40)
    expected = brute_force_afford(wanted, touched, allowance)
    assert (afford(wanted, touched, allowance) == expected).all()
