"""Crash, on the ring."""

import numpy as np
import pytest

import rallypoint
from rallypoint.envs.conformance import assert_is_env
from rallypoint.envs.views.parallel import ParallelView
from rallypoint.errors import InvalidConfig, NotOffered, UnknownName
from rallypoint.safety.frame import Threatened
from rallypoint.safety.receipts import disagreements
from rallypoint.safety.threats.crash import Crash
from tests.safety.stubs import actions_at, bits, play


def ring(copies=8, **settings):
    return rallypoint.make("gathering-v0", copies=copies, **settings)


def crashing(crash, copies=8, **settings):
    return Threatened(ring(copies, **settings), [crash])


@pytest.mark.parametrize("mode", ["removed", "frozen"])
@pytest.mark.parametrize("step", [0, 1, 5, 20])
def test_exactly_nine_in_ten_are_lost_from_exactly_one_step_on(step, mode):
    env = crashing(Crash(victims={"fraction": 0.9}, when={"from": step}, mode=mode), num_agents=100)
    observations = env.reset(seed=0)["agents"]
    for now in range(25):
        lost = 90 if now >= step else 0
        living = env.alive.sum(axis=1)
        assert (env.crashed.sum(axis=1) == lost).all()
        assert (living == (100 - lost if mode == "removed" else 100)).all()
        # What the policy chooses on at this step already lacks the removed, and only them.
        counts = observations.sum(axis=2)  # (E, N)
        assert (counts == np.where(env.alive, living[:, None], 0)).all()
        taken = env.step(actions_at(env, now))
        observations = taken.observations["agents"]
        falls = mode == "removed" and now + 1 == step
        assert (taken.terminated.sum(axis=1) == (90 if falls else 0)).all()
        assert (taken.terminated <= env.crashed).all()
        assert not taken.ended.any()


def test_at_step_0_the_observation_of_the_reset_lacks_the_removed():
    crash = Crash(victims={"count": 3})
    env, bare = crashing(crash, copies=50), ring(50)
    observed, whole = env.reset(seed=4)["agents"], bare.reset(seed=4)["agents"]
    assert (observed == bare.remove(env.crashed)["agents"]).all()
    assert (observed.sum(axis=2) == np.where(env.alive, 7, 0)).all()
    assert (whole.sum(axis=2) == 10).all()


def test_after_a_removal_the_ring_goes_on_as_if_they_had_been_removed_by_hand():
    env, bare = crashing(Crash(victims={"fraction": 0.4}, when={"from": 3})), ring()
    env.reset(seed=1)
    bare.reset(seed=1)
    for now in range(10):
        step, expected = env.step(actions_at(env, now)), bare.step(actions_at(env, now))
        observations = expected.observations["agents"]
        if now + 1 == 3:
            observations = bare.remove(env.crashed)["agents"]
        assert (step.observations["agents"] == observations).all()
        assert (step.rewards == expected.rewards).all()
        assert (step.alive == bare.alive).all()


def brute_force_reward(positions, cells):
    """10 agents: 100 with 8 or more within a cell, -5 alone, else 0."""
    rewards = []
    for own in positions:
        distance = np.abs(positions - own)
        near = (np.minimum(distance, cells - distance) <= 1).sum()
        rewards.append(100 if near >= 8 else -5 if near < 2 else 0)
    return rewards


def test_the_survivors_of_a_hundred_are_paid_as_ten():
    env = crashing(Crash(victims={"fraction": 0.9}), copies=60, num_agents=100)
    env.reset(seed=0)
    step = env.step(actions_at(env, 0))
    for row in range(60):
        living = step.alive[row]
        positions = env.state()[row, living]
        assert step.rewards[row, living].tolist() == brute_force_reward(positions, 13)
        assert not step.rewards[row, ~living].any()


def test_the_frozen_stand_still_and_stay_visible():
    crash = Crash(victims={"count": 4}, when={"from": 2}, mode="frozen")
    env = crashing(crash, copies=30)
    env.reset(seed=0)
    for now in range(8):
        before = env.state()
        crashed = env.crashed
        step = env.step({"agents": np.ones((30, 10), dtype=np.int64)})
        stands = env.state() == before
        assert (stands == crashed).all()
        assert (step.infos["executed/agents"] == ~crashed).all()
        assert (step.infos["proposed/agents"] == 1).all()
        assert step.alive.all()
        assert not step.infos["interrupted"].any()
        assert (step.infos["crashed"].sum(axis=1) == (4 if now >= 1 else 0)).all()
        assert (step.observations["agents"].sum(axis=2) == 10).all()


@pytest.mark.parametrize("mode", ["removed", "frozen"])
def test_victims_can_be_named(mode):
    env = crashing(Crash(victims=["agent_3", 7], mode=mode), copies=3)
    env.reset(seed=0)
    assert [np.flatnonzero(row).tolist() for row in env.crashed] == [[3, 7]] * 3


def test_with_a_probability_each_crashes_on_its_own_coin():
    crash = Crash(when={"from": 1, "until": 11, "probability": 0.1}, mode="frozen")
    env = crashing(crash, copies=400)
    survivors = []
    env.reset(seed=0)
    for now in range(20):
        env.step(actions_at(env, now))
        survivors.append(1 - env.crashed.mean())
    expected = [0.9 ** min(now + 1, 10) for now in range(20)]
    assert survivors == pytest.approx(expected, abs=0.03)
    per_copy = env.crashed.sum(axis=1)
    assert per_copy.std() == pytest.approx(np.sqrt(10 * 0.9**10 * (1 - 0.9**10)), abs=0.3)


def test_a_budget_of_agents_bounds_a_crash_without_a_violation():
    env = crashing(Crash(budget={"agents": 3}, when={"from": 2}), copies=5)
    list(play(env, 4))
    assert (env.crashed.sum(axis=1) == 3).all()
    assert disagreements(env.model, env.receipts()) == []


def test_receipts_say_who_crashed_and_when():
    env = crashing(Crash(victims={"fraction": 0.9}, when={"from": 5}), copies=6, num_agents=100)
    list(play(env, 8))
    [receipt] = env.receipts()
    assert sum(receipt.applications.values()) == 6 * 90
    assert (receipt.first_step, receipt.last_step) == (5, 5)
    assert (receipt.steps, receipt.most_steps, receipt.most_agents) == (6, 1, 90)
    assert disagreements(env.model, [receipt]) == []


def test_losing_everybody_ends_the_episode():
    env = crashing(Crash(when={"from": 2}), copies=3)
    env.reset(seed=0)
    assert not env.step(actions_at(env, 0)).ended.any()
    last = env.step(actions_at(env, 1))
    assert last.ended.all()
    assert last.terminated.all()
    assert not last.truncated.any()
    assert env.reset(mask=last.ended)["agents"].sum() == 3 * 10 * 10


def test_nobody_crashes_any_more_at_the_end():
    crash = Crash(victims=range(5), when={"from": 3, "probability": 0.5})
    env = crashing(crash, copies=50, max_cycles=4)
    *_, before, last = play(env, 4)
    assert before.terminated[:, :5].any()
    assert not last.terminated.any()
    assert (last.truncated == last.alive).all()
    assert (last.alive == before.alive).all()
    [receipt] = env.receipts()
    assert receipt.last_step == 3


@pytest.mark.parametrize("mode", ["removed", "frozen"])
def test_a_copy_loses_the_same_agents_in_any_batch(mode):
    crash = Crash(victims={"fraction": 0.3}, when={"from": 2, "probability": 0.5}, mode=mode)
    together = list(play(crashing(crash, copies=range(12)), 70))
    for ids in ([3], range(6, 12)):
        assert bits(play(crashing(crash, copies=ids), 70)) == bits(together, list(ids))


def crashed_ring(*, copies=1, render_mode=None):
    """Make a ring some of whose agents crash; a function that fresh processes can import."""
    crashes = [
        Crash(victims={"count": 3}, when={"from": 2}),
        Crash(victims={"fraction": 0.2}, when={"from": 4, "probability": 0.5}, mode="frozen"),
    ]
    return Threatened(ring(copies, max_cycles=20, render_mode=render_mode), crashes)


def test_a_crashing_ring_passes_the_environment_suite():
    assert_is_env(crashed_ring, processes=False)


def test_a_crashing_ring_passes_pettingzoos_test():
    from pettingzoo.test import parallel_api_test

    parallel_api_test(ParallelView(crashed_ring()), num_cycles=60)


def test_an_unknown_mode_names_the_nearest():
    with pytest.raises(InvalidConfig, match="'remove'; did you mean 'removed'"):
        Crash(mode="remove")


def test_a_world_that_nobody_can_leave_refuses_a_removal():
    world = ring()
    world.offers = world.offers - {"remove"}
    with pytest.raises(NotOffered, match="needs remove, which gathering-v0 does not offer"):
        Threatened(world, [Crash(victims={"fraction": 0.9})])


def test_a_crash_in_a_region_takes_those_who_are_there_as_long_as_the_budget_lasts():
    crash = Crash(
        region="task_1",
        knowledge=("regions",),
        when={"from": 2, "until": 3},
        budget={"agents": 3},
    )
    env = Threatened(rallypoint.make("ant-colony-v0", copies=2, num_agents=8), [crash])
    env.reset(seed=0)
    works = np.array([[0, 1, 1, 0, 1, 1, 2, 1], [3, 0, 1, 0, 0, 0, 0, 2]])
    for _ in range(2):
        assert env.alive.all()
        env.step({"agents": works})
    env.step({"agents": works})
    assert env.crashed.tolist() == [
        [False, True, True, False, True, False, False, False],
        [False, False, True, False, False, False, False, False],
    ]
    assert (env.alive == ~env.crashed).all()
    assert disagreements(env.model, env.receipts()) == []


def test_a_crash_in_a_region_says_what_it_must_know_and_where_it_may_be():
    with pytest.raises(InvalidConfig, match=r"declare knowledge = \['regions'\]"):
        Crash(region="task_1")
    colony = rallypoint.make("ant-colony-v0")
    colony.reset(seed=0)
    with pytest.raises(UnknownName, match="no region 'task_9'"):
        Threatened(colony, [Crash(region="task_9", knowledge=("regions",))])
    with pytest.raises(NotOffered, match="regions"):
        Threatened(ring(), [Crash(region="task_1", knowledge=("regions",))])
