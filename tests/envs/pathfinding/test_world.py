"""Pathfinding as a world: what is seen and earned, by definition, and how it is drawn."""

import numpy as np
import pettingzoo
import pytest

import rallypoint
from rallypoint.agents.evaluation import evaluate
from rallypoint.draws import Draws
from rallypoint.envs import pathfinding as folder
from rallypoint.envs.conformance import assert_is_env
from rallypoint.envs.drawing.dots import COLOURS
from rallypoint.envs.pathfinding.hand import GoNearer
from rallypoint.errors import InvalidConfig
from rallypoint.safety.uniform_actions import uniform_actions
from tests.envs.pathfinding.drawn import steps_to


def random_play(env, steps, seed=0):
    """Yield what was before each step, its actions, and the step."""
    observations = env.reset(seed=seed)
    draws = Draws(seed, "test/actions", env.copies)
    for _ in range(steps):
        actions = uniform_actions(env.groups[0].action_space, env.num_agents, draws)
        before = (env.state(), env.alive, observations["agents"])
        step = env.step({"agents": actions})
        yield before, actions, step
        observations = step.observations
        if step.ended.any():
            observations = env.reset(mask=step.ended)


def places(state, num_agents):
    """Return rows and columns of agents and of goals, and the obstacles of one copy."""
    here, goals = state[: 4 * num_agents].reshape(2, num_agents, 2)
    size = round((len(state) - 4 * num_agents) ** 0.5)
    return here.tolist(), goals.tolist(), state[4 * num_agents :].reshape(size, size).astype(bool)


def ways(goal, obstacles):
    """Return how far each (row, column) is from a goal."""
    walls = np.pad(obstacles, 1, constant_values=True)
    side = len(walls)
    found = steps_to((goal[0] + 1) * side + goal[1] + 1, walls.ravel(), side)
    return {(cell // side - 1, cell % side - 1): steps for cell, steps in found.items()}


def by_definition(agent, here, goals, obstacles, radius):
    """Return what an agent sees, entry by entry."""
    size = len(obstacles)
    (y, x), (goal_y, goal_x) = here[agent], goals[agent]
    steps = ways(goals[agent], obstacles)
    pictures = [[], [], []]
    for dy in range(-radius, radius + 1):
        for dx in range(-radius, radius + 1):
            cell = (y + dy, x + dx)
            pictures[0].append(float(cell not in steps))
            who = [k for k, at in enumerate(here) if tuple(at) == cell and k != agent]
            pictures[1].append((1.0 if who[0] < agent else -1.0) if who else 0.0)
            nearer = (steps[y, x] - steps[cell]) / (2 * radius) if cell in steps else -1.0
            pictures[2].append(max(-1.0, min(1.0, nearer)))
    far = [(goal_y - y) / (size - 1), (goal_x - x) / (size - 1), min(1, steps[y, x] / 2 / size)]
    return [*pictures[0], *pictures[1], *pictures[2], *far]


@pytest.mark.parametrize("settings", [{}, {"radius": 1, "size": 5, "num_agents": 3}], ids=str)
def test_agents_see_and_earn_what_is_defined(settings):
    env = rallypoint.make("pathfinding-v0", copies=3, max_cycles=15, **settings)
    arrivals = 0
    for (state, alive, seen), actions, step in random_play(env, 40):
        for copy in range(3):
            here, goals, obstacles = places(state[copy], env.num_agents)
            there, _, _ = places(env.state()[copy], env.num_agents)
            for agent in range(env.num_agents):
                if not alive[copy, agent]:
                    assert not seen[copy, agent].any()
                    assert step.rewards[copy, agent] == 0
                    assert not step.terminated[copy, agent]
                    assert here[agent] == goals[agent] == [-1, -1]
                    continue
                told = by_definition(agent, here, goals, obstacles, env.radius)
                np.testing.assert_allclose(seen[copy, agent], told, atol=1e-6)
                arrived = bool(step.terminated[copy, agent])
                end = tuple(goals[agent]) if arrived else tuple(there[agent])
                steps = ways(goals[agent], obstacles)
                earned = -0.01 + 0.05 * (steps[tuple(here[agent])] - steps[end]) + arrived
                wants = actions[copy, agent] != 0
                earned -= 0.05 * (wants and end == tuple(here[agent]))
                assert step.rewards[copy, agent] == pytest.approx(earned, abs=1e-9)
                arrivals += arrived
    assert arrivals


@pytest.mark.parametrize(
    "settings",
    [{"num_agents": 1, "size": 3, "radius": 1, "density": 0.0}, {"num_agents": 9, "size": 14}],
    ids=str,
)
def test_the_contract_is_kept_at_other_sizes(settings):
    assert_is_env("pathfinding-v0", processes=False, max_cycles=12, **settings)


def test_who_is_removed_hinders_nobody():
    env = rallypoint.make("pathfinding-v0", copies=50)
    env.reset(seed=0)
    gone = np.zeros((50, 4), dtype=bool)
    gone[:, 1:] = True
    seen = env.remove(gone)["agents"]
    assert not seen[:, 0, 25:50].any()  # nobody is in sight
    draws = Draws(0, "test/actions", env.copies)
    for _ in range(20):
        actions = uniform_actions(env.groups[0].action_space, 4, draws)
        step = env.step({"agents": actions})
        assert not step.infos["collided"].any()
        if step.ended.any():
            break


def test_the_rule_made_by_hand_brings_most_home_and_gets_stuck_with_the_others():
    env = rallypoint.make("pathfinding-v0", copies=200)
    found = evaluate(env, GoNearer(env.groups[0]), episodes=200, seed=0)
    share = found.ended_early.mean()  # who arrives is out
    assert 0.6 < share < 0.95
    assert (found.lengths[found.ended_early] < 64).all()


def test_a_snapshot_goes_on_as_it_was():
    env = rallypoint.make("pathfinding-v0", copies=4)
    first = [step.observations["agents"] for _, _, step in random_play(env, 3)][-1]
    kept = env.snapshot()
    again = rallypoint.make("pathfinding-v0", copies=4)
    assert (again.restore(kept)["agents"] == first).all()


def test_pictures_show_who_is_on_the_way_and_text_says_so():
    env = rallypoint.make("pathfinding-v0", copies=2, render_mode="rgb_array")
    env.reset(seed=0)
    gone = np.zeros((2, 4), dtype=bool)
    gone[0, 2] = True
    env.remove(gone)
    frame = env.render(0)
    colours = [[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in COLOURS[:4]]
    found = [int((frame == colour).all(axis=-1).sum()) > 50 for colour in colours]
    assert found == [True, True, False, True]
    text = env._describe(0, {"crashed": np.array([True, False, True, False])})
    head, *rows = text.splitlines()
    assert head == "step 0 / 64, 3 of 4 on the way, crashed: 1"
    assert [len(row.split()) for row in rows] == [8] * 8
    assert {letter for letter in "".join(rows) if letter.isalpha()} <= set("abdABD")


def test_it_is_found_under_its_name_everywhere():
    world = pettingzoo.make("parallel", "rallypoint/pathfinding-v0")
    assert (
        world.possible_agents
        == folder.parallel_env().possible_agents
        == folder.env().possible_agents
    )
    assert folder.raw_env is folder.env


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"density": 0.9}, "density"), ({"radius": 0}, "radius"), ({"num_agents": 30}, "30 agents")],
)
def test_settings_that_cannot_be_meant_are_refused(settings, message):
    with pytest.raises(InvalidConfig, match=message):
        rallypoint.make("pathfinding-v0", **settings)
