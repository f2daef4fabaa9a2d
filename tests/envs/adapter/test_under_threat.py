"""Other people's environments under the crash threat."""

import numpy as np
import pytest

from rallypoint.envs.conformance.actor import Actor
from rallypoint.envs.views.adapter import adapt
from rallypoint.errors import NotOffered
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threats.crash import Crash

SPREAD = "mpe2.simple_spread_v3:parallel_env"
BATTLE = "magent2.environments.battle_v4:parallel_env"
KNIGHTS = "pettingzoo:butterfly/knights_archers_zombies-v11"


def frozen(victims, step):
    return Crash(victims=victims, mode="frozen", when={"from": step})


@pytest.mark.parametrize(
    ("id", "settings", "noop"),
    [
        (SPREAD, {}, 0),
        (KNIGHTS, {"max_cycles": 20}, 5),
        (BATTLE, {"map_size": 12, "max_cycles": 20}, 6),
        ("gymnasium:Pendulum-v1", {}, [0.0]),
    ],
)
def test_whoever_is_frozen_does_nothing_from_then_on(id, settings, noop):
    env = adapt(id, copies=3, noop=noop, **settings)
    victim = env.agents[0]
    threatened = Threatened(env, [frozen([victim], 4)], seed=1)
    threatened.reset(seed=0)
    actor = Actor(threatened)
    for step in range(1, 11):
        told = threatened.step(actor.choose())
        executed = told.infos["executed/agents"][:, 0]
        assert told.alive[:, 0].all()
        assert told.infos["crashed"][:, 0].all() == (step >= 4)
        if step > 4:
            np.testing.assert_array_equal(executed, np.broadcast_to(noop, executed.shape))


def test_the_environment_goes_on_exactly_as_if_the_agent_had_chosen_to_do_nothing():
    env = Threatened(adapt(SPREAD, copies=2, noop=0), [frozen(["agent_1"], 0)], seed=1)
    beside = adapt(SPREAD, copies=2)
    env.reset(seed=0)
    beside.reset(seed=0)
    actor = Actor(env)
    for _ in range(25):
        actions = actor.choose()
        still = actions["agents"].copy()
        still[:, 1] = 0
        here, there = env.step(actions), beside.step({"agents": still})
        np.testing.assert_array_equal(here.observations["agents"], there.observations["agents"])
        np.testing.assert_array_equal(here.rewards, there.rewards)


def test_a_frozen_knight_dies_by_the_worlds_rules():
    env = adapt(KNIGHTS, copies=1, noop=5, max_cycles=200, spawn_delay=2)
    threatened = Threatened(env, [frozen("all", 1)], seed=1)
    threatened.reset(seed=0)
    actor = Actor(threatened)
    ended = False
    while not ended:
        step = threatened.step(actor.choose())
        ended = bool(step.ended)
    assert step.terminated.any()


def test_without_a_no_op_nobody_can_be_frozen_and_nobody_can_be_removed():
    with pytest.raises(NotOffered, match="needs an action that does nothing"):
        Threatened(adapt(SPREAD), [frozen(["agent_0"], 0)], seed=1)
    with pytest.raises(NotOffered, match="needs remove"):
        Threatened(adapt(SPREAD, noop=0), [Crash(victims=["agent_0"], mode="removed")], seed=1)
