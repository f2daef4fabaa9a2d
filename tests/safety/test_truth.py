"""What a threat may know of what is true, and of what would come, beside the world itself."""

import numpy as np
import pytest

import rallypoint
from rallypoint.errors import InvalidAction, NotOffered
from rallypoint.safety.conformance.proving_ring import ProvingRing
from rallypoint.safety.conformance.scenes import sample
from rallypoint.safety.conformance.stand_in import Anything
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threats import Proposal
from rallypoint.safety.truth import Simulator
from tests.safety.stubs import Stub, actions_at

WORLDS = {
    "proving ring": lambda: ProvingRing(copies=4),
    "ring": lambda: rallypoint.make("gathering-v0", copies=4),
    "torus": lambda: rallypoint.make("torus-v0", copies=4),
}


@pytest.fixture(params=WORLDS)
def world(request):
    world = WORLDS[request.param]()
    world.reset(seed=1)
    for step in range(3):
        world.step(actions_at(world, step))
    return world


def actions(world, seed, rows=slice(None)):
    shapes = {g.name: (world.num_copies, len(g.agents)) for g in world.groups}
    return {g.name: sample(g.action_space, shapes[g.name], seed)[rows] for g in world.groups}


def test_what_is_imagined_is_what_then_happens(world):
    plan = [actions(world, seed) for seed in range(4)]
    with Simulator(world, plan[0]) as mind:
        for _ in range(2):  # the second time as the first
            mind.rewind()
            imagined = [mind.step(chosen) for chosen in plan]
            places = mind.geometry().positions
    for chosen, step in zip(plan, imagined, strict=True):
        real = world.step(chosen)
        for name, seen in real.observations.items():
            np.testing.assert_array_equal(step.observations[name], seen)
        np.testing.assert_array_equal(step.rewards, real.rewards)
        assert step.counts.all()
    np.testing.assert_array_equal(places, world.geometry().positions)


def test_imagining_leaves_no_trace_even_if_it_fails(world):
    before = world.snapshot()
    with pytest.raises(InvalidAction), Simulator(world, {}) as mind:
        mind.step({})
    after = world.snapshot()
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_some_copies_imagine_what_all_of_them_would(world):
    rows = np.array([2, 0])
    plan = [actions(world, seed) for seed in range(4)]
    with Simulator(world, plan[0]) as mind:
        mind.rewind()
        whole = [mind.step(chosen) for chosen in plan]
    with Simulator(world, plan[0], rows) as mind:
        mind.rewind()
        part = [mind.step({k: v[rows] for k, v in chosen.items()}) for chosen in plan]
    for all_rows, some_rows in zip(whole, part, strict=True):
        np.testing.assert_array_equal(all_rows.rewards[rows], some_rows.rewards)
        for name, seen in all_rows.observations.items():
            np.testing.assert_array_equal(seen[rows], some_rows.observations[name])


def test_steps_of_the_next_episode_do_not_count():
    world = rallypoint.make("gathering-v0", copies=3, max_cycles=5)
    world.reset(seed=0)
    for step in range(3):
        world.step(actions(world, step))
    with Simulator(world, actions(world, 0)) as mind:
        mind.rewind()
        counts = []
        for seed in range(4):
            assert mind.is_over == (seed >= 2)
            counts.append(mind.step(actions(world, seed)).counts.tolist())
        assert counts == [[True] * 3, [True] * 3, [False] * 3, [False] * 3]
        mind.rewind()
        assert not mind.is_over
    assert not world.step(actions(world, 4)).ended.any()


def test_a_frame_hands_out_what_its_threat_declares():
    seen = []

    def look(state, known, draws):
        seen.append((known.geometry, known.policy, known.colluders, known.simulator.actions))
        return Proposal(np.zeros_like(known.opportunities), known.still), state

    ring = ProvingRing(copies=3)
    policy = Anything(ring.groups)
    views = ["geometry", "policy", "colluders", "simulator"]
    env = Threatened(ring, [Stub(does=look, knowledge=views, victims=[1, 3])], policy=policy)
    env.reset(seed=0)
    before = ring.geometry()
    chosen = actions_at(env, 0)
    env.step(chosen)
    [(geometry, known_policy, colluders, now)] = seen
    np.testing.assert_array_equal(geometry.positions, before.positions)
    assert known_policy is policy
    assert colluders.tolist() == [[False, True, False, True, False]] * 3
    np.testing.assert_array_equal(now["walkers"], chosen["walkers"])


def test_a_threat_that_must_see_the_policy_is_refused_where_there_is_none():
    with pytest.raises(
        NotOffered, match=r"of the policy, .*given none; .*policy=….*evaluate.*surrogate"
    ):
        Threatened(ProvingRing(), [Stub(does=print, knowledge=["policy"])])


def test_cells_are_numbered_as_distances_are():
    world = rallypoint.make("torus-v0", width=5, limits=(0, 1, 2))
    world.reset(seed=0)
    geometry = world.geometry()
    assert geometry.cells([[0, 0], [0, 4], [1, 0], [-1, 6]]).tolist() == [0, 4, 5, 21]
    steps = geometry.distances[geometry.cells([0, 0]), geometry.leads_to[:, 0]]
    assert steps.tolist() == [0, 1, 1, 1, 1]
