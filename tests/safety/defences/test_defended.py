"""Defences around a policy and around a world come to the same; the world stays one."""

import numpy as np
import pytest

import rallypoint
from rallypoint.agents.rules import CircularMean
from rallypoint.draws import Draws
from rallypoint.envs.conformance import assert_is_env
from rallypoint.envs.views.parallel import ParallelView
from rallypoint.safety.defences import Defence
from rallypoint.safety.defences.cautious_moves import CautiousMoves
from rallypoint.safety.defences.defended import Defended, DefendedPolicy
from rallypoint.safety.defences.trimmed_perception import Trimming
from rallypoint.safety.frame import Threatened
from rallypoint.safety.sight import Sight
from rallypoint.safety.threats.teammate.anti_goal import AntiGoal

BOTH = (Trimming(f=2), CautiousMoves(f=2))


def attacked(copies=6, **settings):
    ring = rallypoint.make("gathering-v0", copies=copies, **settings)
    return Threatened(ring, [AntiGoal(victims={"count": 2})])


def course(env, policy, steps=30):
    draws = Draws(0, "test/defended", env.copies)
    observations = env.reset(seed=3)
    states = []
    for _ in range(steps):
        observations = env.step(policy.act(observations, draws)).observations
        states.append(env.state())
    return np.array(states)


def test_a_defended_policy_does_what_one_does_in_a_defended_world():
    env = attacked()
    inside = course(env, DefendedPolicy(CircularMean(), BOTH, env))
    outside = course(Defended(attacked(), BOTH), CircularMean())
    np.testing.assert_array_equal(inside, outside)


def test_a_defence_that_does_nothing_changes_nothing():
    np.testing.assert_array_equal(
        course(attacked(), CircularMean()),
        course(Defended(attacked(), [Defence()]), CircularMean()),
    )


def test_what_is_decided_is_judged_by_what_was_seen_not_by_what_was_trimmed():
    judged = []

    class Judge(Defence):
        def decide(self, actions, percepts, sight):
            judged.append(percepts)
            return actions

    env = attacked()
    seen = env.reset(seed=0)
    policy = DefendedPolicy(CircularMean(), [Trimming(f=2), Judge()], env)
    policy.act(seen, Draws(0, "test/judge", env.copies))
    np.testing.assert_array_equal(judged[0], seen["agents"])


def test_only_a_policy_that_remembers_is_told_of_starts():
    class Remembers(CircularMean):
        def begin_episode(self, mask):
            told.append(mask)

    told = []
    ring = rallypoint.make("gathering-v0")
    DefendedPolicy(Remembers(), BOTH, ring).begin_episode("these")
    assert told == ["these"]
    assert not hasattr(DefendedPolicy(CircularMean(), BOTH, ring), "begin_episode")


@pytest.mark.parametrize("id", ["gathering-v0", "torus-v0"])
def test_a_defended_world_passes_the_environment_suite(id):
    def make(*, copies=1, render_mode=None):
        settings = {"copies": copies, "render_mode": render_mode, "max_cycles": 12}
        return Defended(rallypoint.make(id, **settings), BOTH)

    assert_is_env(make, processes=False)


def test_a_defended_world_passes_pettingzoos_test():
    from pettingzoo.test import parallel_api_test

    parallel_api_test(ParallelView(Defended(attacked(1, max_cycles=10), BOTH)), num_cycles=30)


def test_a_world_goes_on_from_a_snapshot_with_its_defences():
    env = Defended(rallypoint.make("gathering-v0", copies=3), BOTH)
    env.reset(seed=0)
    kept = env.snapshot()
    runs = []
    for _ in range(2):
        seen = env.restore(kept)
        sums = seen["agents"].sum(axis=-1)
        assert (sums == 8).all()
        runs.append(env.step({"agents": np.ones((3, 10), dtype=int)}).observations["agents"])
    np.testing.assert_array_equal(*runs)


def test_sight_reads_the_moves_of_a_world():
    ring, torus = rallypoint.make("gathering-v0"), rallypoint.make("torus-v0")
    assert Sight.of(ring, ring.groups[0]).moves.tolist() == [[0], [1], [-1]]
    moves = Sight.of(torus, torus.groups[0]).moves.tolist()
    assert moves == [[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]]
