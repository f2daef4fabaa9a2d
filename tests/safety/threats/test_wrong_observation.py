"""Wrong observation in its three modes, against their definitions."""

from collections import Counter

import numpy as np
import pytest
from gymnasium.spaces import Box
from scipy.stats import chisquare

import rallypoint
from rallypoint.errors import InvalidConfig
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threats.wrong_observation import WrongObservation
from tests.safety.stubs import actions_at, bits, ground, play

GROUPS = (("walkers", 3), ("gliders", 2))


def swapped(copies=20, **settings):
    return Threatened(ground(copies=copies), [WrongObservation(**settings)])


def percepts(step, group):
    return step.observations[group], step.infos[f"true_observations/{group}"]


def test_whoever_is_swapped_sees_what_another_agent_of_the_copy_sees():
    for step in play(swapped(), 30):
        first = 0
        for group, size in GROUPS:
            seen, true = percepts(step, group)
            for copy, agent in np.ndindex(20, size):
                others = [tuple(true[copy, j]) for j in range(size) if j != agent]
                if step.alive[copy, first + agent]:
                    assert tuple(seen[copy, agent]) in others
                else:
                    assert (seen[copy, agent] == true[copy, agent]).all()
            first += size


def test_every_other_agent_is_as_likely_and_drawn_anew_at_every_step():
    env = swapped(copies=3000)
    env.reset(seed=0)
    last = None
    for now in range(2):
        step = env.step(actions_at(env, now))
        seen, true = percepts(step, "walkers")
        whose = np.array([(seen[:, 0] == true[:, j]).all(axis=1) for j in range(3)]).argmax(axis=0)
        counts = Counter(whose.tolist())
        assert set(counts) == {1, 2}
        assert chisquare([counts[1], counts[2]]).pvalue > 1e-4
        if last is not None:
            assert np.mean(whose == last) == pytest.approx(0.5, abs=0.05)
        last = whose


def test_zeros_are_all_there_is_to_see():
    for step in play(swapped(mode="zeros", victims=["walker_0", "glider_1"]), 20):
        for group, victim, column in (("walkers", 0, 0), ("gliders", 1, 4)):
            seen, true = percepts(step, group)
            there = step.alive[:, column]
            assert not seen[there, victim].any()
            assert (seen[~there, victim] == true[~there, victim]).all()
            others = np.arange(seen.shape[1]) != victim
            assert (seen[:, others] == true[:, others]).all()


@pytest.mark.parametrize("start", [0, 3])
def test_what_is_frozen_is_the_first_percept_that_might_be_touched(start):
    env = swapped(mode="freeze", when={"from": start}, victims=["walker_1", "glider_0"])
    seen = [env.reset(seed=0)]
    true = [env.true_observations]
    alive = [env.alive]
    for now in range(8):
        step = env.step(actions_at(env, now))
        seen.append(step.observations)
        true.append(env.true_observations)
        alive.append(step.alive)
    for now in range(9):
        for group, victim, column in (("walkers", 1, 1), ("gliders", 0, 3)):
            frozen = alive[now][:, column] & (now > start)
            expected = np.where(
                frozen[:, None], true[start][group][:, victim], true[now][group][:, victim]
            )
            assert (seen[now][group][:, victim] == expected).all()
    [receipt] = env.receipts()
    assert receipt.first_step == start + 1


def test_a_new_episode_freezes_anew():
    env = swapped(mode="freeze")
    env.reset(seed=0)
    first = env.true_observations["walkers"].copy()
    assert (env.step(actions_at(env, 0)).observations["walkers"] == first)[env.alive[:, :3]].all()
    some = np.arange(20) % 2 == 0
    env.reset(mask=some)
    second = env.true_observations["walkers"].copy()
    seen = env.step(actions_at(env, 1)).observations["walkers"]
    expected = np.where(some[:, None, None], second, first)
    there = env.alive[:, :3]
    assert (seen[there] == expected[there]).all()


def test_a_snapshot_keeps_what_is_frozen():
    env, again = swapped(mode="freeze"), swapped(mode="freeze")
    list(play(env, 4))
    snapshot = env.snapshot()
    rest = bits(play(env, 6, seed=None, first=4))
    again.restore(snapshot)
    assert bits(play(again, 6, seed=None, first=4)) == rest


def test_a_numbered_percept_can_be_swapped_and_frozen():
    def corridor(mode):
        env = rallypoint.make("corridor-v0", copies=5)
        return Threatened(env, [WrongObservation(mode=mode)])

    env = corridor("freeze")
    first = env.reset(seed=0)["agents"]
    step = env.step(actions_at(env, 0))
    assert (step.observations["agents"] == first)[env.alive].all()
    assert step.observations["agents"].dtype == env.true_observations["agents"].dtype


def test_knowledge_follows_from_the_mode_and_cannot_be_less():
    assert WrongObservation().knowledge == ("percepts",)
    assert WrongObservation(mode="zeros").knowledge == ()
    assert WrongObservation(mode="freeze").knowledge == ("own_percept",)
    with pytest.raises(InvalidConfig, match="'swap' cannot do without the knowledge of percepts"):
        WrongObservation(knowledge=["own_percept"])
    with pytest.raises(InvalidConfig, match="no mode is called 'frezee'; did you mean 'freeze'"):
        WrongObservation(mode="frezee")


def test_whoever_is_alone_has_nobody_to_swap_with():
    with pytest.raises(InvalidConfig, match="agent_0 is alone in its group"):
        Threatened(rallypoint.make("cartpole-v1", copies=2), [WrongObservation()])
    for mode in ("zeros", "freeze"):
        world = rallypoint.make("cartpole-v1", copies=2)
        Threatened(world, [WrongObservation(mode=mode)]).reset(seed=0)
    alone = ground(gliders=1)
    with pytest.raises(InvalidConfig, match="glider_0 is alone in its group"):
        Threatened(alone, [WrongObservation()])
    Threatened(alone, [WrongObservation(victims=["walker_0"])]).reset(seed=0)


def test_where_zeros_cannot_be_seen_they_are_refused():
    world = ground()
    space = Box(1.0, 99.0, (3,), np.float32)
    world.groups = (world.groups[0]._replace(observation_space=space), world.groups[1])
    with pytest.raises(InvalidConfig, match=r"group 'walkers' sees .*in which there are no zeros"):
        Threatened(world, [WrongObservation(mode="zeros")])
