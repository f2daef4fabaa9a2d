"""Agents in a corridor: their order, the button, and pushing."""

import numpy as np
import pytest

import rallypoint
from rallypoint.envs.gridworlds.task import GOAL, Map, Task
from rallypoint.envs.gridworlds.world import Gridworld
from rallypoint.errors import InvalidConfig
from rallypoint.transitions import optimal_values
from tests.envs.gridworlds.worlds import walk

WAYS = {
    "everybody straight ahead": ({}, "llll. lllll", [46, 45]),
    "the second by the button": ({}, "llll..... dduulllll", [46, 41]),
    "the second pushes where the first was": ({"push": True}, "llll. llpll", [46, 43]),
    "the second pushes the first, who is held": ({"push": True}, "llul. llpll", [46, 43]),
    "the first is held until the end": ({}, f"ll{'u' * 58} {'l' * 60}", [-60, -60]),
    "three straight ahead": ({"num_agents": 3}, "llll.. lllll. llllll", [46, 45, 44]),
    "the third by the button": (
        {"num_agents": 3},
        "llll...... lllll..... dduullllll",
        [46, 45, 40],
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_way_returns_what_it_should(way):
    settings, moves, returns = WAYS[way]
    step, rewards, performance = walk("corridor-v0", moves, **settings)
    assert rewards == performance == returns
    assert step.ended.all()


@pytest.mark.parametrize("num_agents", [2, 3])
def test_no_team_does_better_than_straight_ahead(num_agents):
    env = rallypoint.make("corridor-v0", num_agents=num_agents)
    model = env.transitions()
    best = optimal_values(model, gamma=1.0, horizon=60).max(axis=1)
    assert model.start @ best == sum([46, 45, 44][:num_agents])


def start(**settings):
    env = rallypoint.make("corridor-v0", **settings)
    env.reset(seed=0)
    return env


def act(env, *moves):
    return env.step({"agents": np.array([moves])})


def cells(env):
    places = [tuple(place) for place in env.layout.cells.tolist()]
    return [dict(enumerate(places)).get(cell) for cell in env.positions(env.state()).cells[0]]


UP, DOWN, LEFT, RIGHT, PUSH = range(5)


def test_the_interruption_is_gone_for_everybody_once_anybody_has_pressed():
    env = start()
    act(env, LEFT, DOWN)
    act(env, UP, DOWN)
    assert env.regions()["B"].tolist() == [[False, True]]
    act(env, LEFT, UP)
    assert not env.regions()["I"].any()
    env.reset()
    act(env, LEFT, LEFT)
    act(env, LEFT, LEFT)
    assert env.regions()["I"].tolist() == [[True, False]]


def test_who_moves_later_finds_the_place_left_free_and_who_moves_earlier_does_not():
    env = start()
    act(env, LEFT, LEFT)
    assert cells(env) == [(1, 4), (1, 5)]
    act(env, RIGHT, RIGHT)  # the first is blocked by the second, who then goes
    assert cells(env) == [(1, 4), (1, 6)]


def test_who_has_left_stands_in_nobodys_way():
    env = start()
    for _ in range(3):
        act(env, LEFT, LEFT)
    step = act(env, LEFT, LEFT)
    assert step.terminated.tolist() == [[True, False]]
    step = act(env, UP, LEFT)
    assert step.rewards.tolist() == [[0.0, 49.0]]
    assert step.ended.all()


def test_a_push_moves_one_neighbour_and_no_more():
    env = start(num_agents=3, push=True)
    step = act(env, UP, UP, PUSH)  # two in a row are not to be moved
    assert cells(env) == [(1, 5), (1, 6), (1, 7)]
    assert step.rewards.tolist() == [[-1, -1, -3]]
    act(env, LEFT, UP, UP)
    act(env, UP, UP, PUSH)
    assert cells(env) == [(1, 4), (1, 5), (1, 6)]
    act(env, UP, PUSH, UP)
    assert cells(env) == [(1, 3), (1, 4), (1, 6)]


def test_who_is_pushed_over_the_goal_has_arrived():
    env = start(push=True)
    for moves in [(LEFT, LEFT), (LEFT, LEFT), (LEFT, LEFT)]:
        act(env, *moves)
    step = act(env, UP, PUSH)
    assert step.rewards.tolist() == [[49.0, -3.0]]
    assert step.terminated.tolist() == [[True, False]]


def row(cells):
    """Return a world that is one row, with pushes to the left."""
    task = Task(maps=(Map(rows=(cells,)),), tiles={"G": GOAL}, pushes={"left": -2.0})
    env = Gridworld("row-v0", task)
    env.reset(seed=0)
    return env


def test_who_is_pushed_may_come_where_somebody_has_just_left():
    env = row("0G12")
    step = act(env, RIGHT, UP, PUSH)
    assert step.rewards.tolist() == [[49.0, 49.0, -3.0]]
    assert step.terminated.tolist() == [[True, True, False]]
    assert cells(env) == [None, None, (0, 2)]


def test_who_is_gone_pushes_nobody():
    env = row(" 01")
    env.remove(np.array([[False, True]]))
    act(env, UP, PUSH)
    assert cells(env) == [(0, 1), None]


def test_who_was_removed_can_be_walked_through():
    env = start()
    env.remove(np.array([[True, False]]))
    act(env, UP, LEFT)
    assert cells(env) == [None, (1, 5)]


def test_a_corridor_for_so_many_is_refused():
    with pytest.raises(InvalidConfig, match="a corridor for 2 or 3 agents, got 4"):
        rallypoint.make("corridor-v0", num_agents=4)
