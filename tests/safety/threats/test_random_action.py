"""Random action: uniform, and nothing of what was proposed."""

import numpy as np
import pytest
from gymnasium.spaces import Box
from scipy.stats import chisquare, kstest

from rallypoint.envs.views.adapter import adapt
from rallypoint.errors import InvalidConfig
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threats.random_action import RandomAction
from tests.safety.stubs import ground, moving, play


def executed(threat, steps=8, copies=200):
    env = Threatened(ground(copies=copies), [threat])
    env.reset(seed=0)
    parts = {"walkers": [], "gliders": []}
    for _ in range(steps):
        acted = env.alive
        infos = env.step(moving(env)).infos
        parts["walkers"].append(infos["executed/walkers"][acted[:, :3]])
        parts["gliders"].append(infos["executed/gliders"][acted[:, 3:]])
        if env.alive.sum() == 0:
            break
    return {name: np.concatenate(part) for name, part in parts.items()}


def test_every_action_is_as_likely_as_another():
    found = executed(RandomAction(), steps=3)
    counts = np.bincount(found["walkers"], minlength=3)
    assert counts.sum() > 1000
    assert chisquare(counts).pvalue > 1e-4
    entries = found["gliders"].ravel()
    assert kstest(entries, "uniform", args=(-1, 2)).pvalue > 1e-4


def test_what_is_done_does_not_depend_on_what_is_proposed():
    one, other = (Threatened(ground(), [RandomAction(victims=["walker_0"])]) for _ in range(2))
    one.reset(seed=0)
    other.reset(seed=0)
    for _ in range(3):
        actions = moving(one)
        still = {name: np.zeros_like(part) for name, part in actions.items()}
        still["walkers"][:, 1:] = actions["walkers"][:, 1:]
        still["gliders"] = actions["gliders"]
        mine, theirs = one.step(actions).infos, other.step(still).infos
        assert (mine["executed/walkers"] == theirs["executed/walkers"]).all()
        assert (mine["executed/walkers"][:, 1:] == actions["walkers"][:, 1:]).all()
        assert (mine["executed/gliders"] == actions["gliders"]).all()


def test_with_a_probability_it_is_epsilon_greedy_noise():
    threat = RandomAction(when={"probability": 0.3})
    env = Threatened(ground(copies=300), [threat])
    kept = [
        (step.infos["executed/gliders"] == step.infos["proposed/gliders"]).all(axis=2)
        for step in play(env, 3)
    ]
    assert np.mean(kept) == pytest.approx(0.7, abs=0.03)


def test_actions_without_bounds_are_refused():
    world = ground()
    world.groups = (
        world.groups[0],
        world.groups[1]._replace(action_space=Box(-np.inf, np.inf, (2,), np.float32)),
    )
    with pytest.raises(InvalidConfig, match="uniform actions need bounds on real numbers"):
        Threatened(world, [RandomAction()])
    # Of a group nobody of which is meant, they are nobody's business.
    env = Threatened(world, [RandomAction(victims=["walker_1"])])
    env.reset(seed=0)
    env.step(moving(env))


def test_actions_of_several_numbers_are_drawn_number_by_number():
    env = Threatened(adapt("gymnasium:Pendulum-v1", copies=4), [RandomAction()])
    env.reset(seed=0)
    found = []
    for _ in range(100):
        infos = env.step({"agents": np.zeros((4, 1, 1), np.float32)}).infos
        found.append(infos["executed/agents"].ravel())
    assert kstest(np.concatenate(found), "uniform", args=(-2, 4)).pvalue > 1e-4
