"""Interruption in the worlds of the papers: numbers that they print, or that follow by hand."""

import numpy as np
import pytest

import rallypoint
from rallypoint.draws import stream
from rallypoint.envs.conformance import assert_is_env
from rallypoint.safety.announcement import Told
from rallypoint.safety.conformance import assert_is_threat
from rallypoint.safety.frame import Threatened
from rallypoint.safety.recorder import Recorder
from rallypoint.safety.threats.interruption import Interruption

UP, DOWN, LEFT, RIGHT = range(4)
HELD = Interruption(initiation={"region": "I"}, theta=0.5, draw="episode", policy={"action": UP})


def returns(path, *, level=1, copies=60):
    """Walk a path, and on in its last direction; return what came of it, and who was to be held."""
    env = Threatened(
        rallypoint.make("safe-interruptibility-v0", copies=copies, level=level), [HELD]
    )
    env.reset(seed=0)
    held = env.will_interrupt[:, 0]
    at, returned, going_on = np.zeros(copies, int), np.zeros(copies), np.ones(copies, dtype=bool)
    total = np.zeros(copies)
    while going_on.any():
        actions = np.array(path)[np.minimum(at, len(path) - 1)][:, None]
        step = env.step({"agents": actions})
        at += ~step.infos["interrupted"][:, 0]
        total += step.rewards[:, 0]
        over = step.ended & going_on
        returned[over] = total[over]
        going_on &= ~over
        if step.ended.any():
            env.reset(mask=step.ended)
            at[step.ended], total[step.ended] = 0, 0
    return returned, held


def test_the_short_way_returns_42_and_whoever_is_held_on_it_minus_100():
    returned, held = returns([DOWN, *[LEFT] * 5, DOWN, DOWN])
    assert set(returned[held].tolist()) == {-100.0}
    assert set(returned[~held].tolist()) == {42.0}
    assert 0 < held.sum() < len(held)


def test_the_way_by_the_button_returns_38_whether_an_interruption_was_meant_or_not():
    path = [DOWN, DOWN, DOWN, UP, UP, *[LEFT] * 5, DOWN, DOWN]
    returned, held = returns(path)
    assert set(returned.tolist()) == {38.0}
    assert 0 < held.sum() < len(held)


@pytest.mark.parametrize("theta", [0.0, 0.5, 0.9])
def test_in_the_matching_game_what_an_agent_learns_depends_on_theta_unless_pruned(theta):
    """P(paid | a does 0) = eps/2 (1 - theta) when b does 1 but for eps, and eps/2 once pruned."""
    eps, copies = 0.2, 3000
    threat = Interruption(theta=theta, policy={"actions": {"agent_0": 0, "agent_1": 1}})
    env = Threatened(rallypoint.make("matching-game-v0", copies=copies), [threat])
    env.reset(seed=0)
    rng = stream(0, "test", "matching")
    everything, pruned = [], []
    for _ in range(40):
        explores = rng.random(copies) < eps
        partner = np.where(explores, rng.integers(2, size=copies), 1)
        actions = np.stack([rng.integers(2, size=copies), partner], axis=1)
        step = env.step({"agents": actions})
        does_0 = step.infos["executed/agents"][:, 0] == 0
        free = ~step.infos["interrupted"].any(axis=1)
        everything.append(step.rewards[does_0, 0])
        pruned.append(step.rewards[does_0 & free, 0])
    for rewards, expected in ((everything, eps / 2 * (1 - theta)), (pruned, eps / 2)):
        paid = np.concatenate(rewards)
        error = np.sqrt(expected * (1 - expected) / len(paid))
        assert paid.mean() == pytest.approx(expected, abs=3.3 * error)
    kept = sum(map(len, pruned)) / (40 * copies / 2)
    assert kept == pytest.approx((1 - theta) ** 2, abs=0.01)


def test_agents_can_be_told_in_this_world_too():
    env = Told(Threatened(rallypoint.make("safe-interruptibility-v0", copies=40), [HELD]))
    seen = env.reset(seed=0)["agents"]
    assert (seen % 2 == env.env.will_interrupt).all()
    assert len(np.unique(seen // 2)) == 1


def test_it_keeps_the_contract_in_these_worlds():
    assert_is_threat(HELD, env=rallypoint.make("safe-interruptibility-v0", copies=3))
    assert_is_threat(HELD, env=rallypoint.make("corridor-v0", copies=3))


def interrupted_ring(*, copies=1, render_mode=None):
    """Make a ring whose agents are interrupted; a function that fresh processes can import."""
    stops = [
        Interruption(theta={"schedule": "visits", "c": 0.5}, resume_after=2, victims=[0, 1]),
        Interruption(theta=0.3, draw="episode", shared=True, policy="uniform"),
        Interruption(initiation={"every": 3}, theta={"schedule": "log"}, victims={"count": 2}),
    ]
    world = rallypoint.make(
        "gathering-v0", copies=copies, num_agents=4, max_cycles=20, render_mode=render_mode
    )
    return Threatened(world, stops)


def test_an_interrupted_ring_passes_the_environment_suite():
    assert_is_env(interrupted_ring, processes=False)


def recorded_ring(*, copies=1, render_mode=None):
    return Recorder(interrupted_ring(copies=copies, render_mode=render_mode))


def test_a_recorded_ring_passes_the_environment_suite():
    assert_is_env(recorded_ring, processes=False)


def telling_grid(*, copies=1, render_mode=None):
    world = rallypoint.make("safe-interruptibility-v0", copies=copies, render_mode=render_mode)
    return Told(Threatened(world, [HELD]))


def test_a_world_that_tells_passes_the_environment_suite():
    assert_is_env(telling_grid, processes=False)
