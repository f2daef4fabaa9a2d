"""The planner: what it calls solved is solved, by moves that nobody is refused."""

import numpy as np
import pytest

import rallypoint
from rallypoint.envs.pathfinding.dynamics import moved
from rallypoint.envs.pathfinding.planner import plans
from rallypoint.errors import InvalidConfig
from tests.envs.pathfinding.drawn import drawn, steps_to


def test_plans_bring_everybody_to_their_goals_without_a_conflict():
    env = rallypoint.make("pathfinding-v0", copies=60)
    env.reset(seed=0)
    walls, starts, goals = env._walls, env._cells, env._goals
    found = plans(walls, starts, goals, 64)
    assert found.solved.mean() > 0.95
    cells, present = starts, np.ones(starts.shape, dtype=bool)
    for actions in found.actions:
        after = moved(cells, actions, present, walls)
        assert not (after.blocked | after.collided)[found.solved].any()
        cells = after.cells
        present = present & (cells != goals)
    assert not present[found.solved].any()


def test_one_alone_takes_the_shortest_way():
    env = rallypoint.make("pathfinding-v0", copies=20, num_agents=1)
    env.reset(seed=1)
    found = plans(env._walls, env._cells, env._goals, 40)
    assert found.solved.all()
    side = env.size + 2 * env.radius
    for copy in range(20):
        start, goal = int(env._cells[copy, 0]), int(env._goals[copy, 0])
        assert (found.actions[:, copy, 0] > 0).sum() == steps_to(goal, env._walls[copy], side)[
            start
        ]


@pytest.mark.parametrize(
    ("rows", "solved"),
    [
        (("Ba..b.A", "#######"), False),  # nobody can get past anybody
        (("Ba..b.A", "###.###"), True),  # somebody can step aside
        (("aB..A.b", "#######"), True),  # a is out before b comes
        (("a....bA", "#######"), True),  # b, whose goal is where it starts, is out at once
    ],
)
def test_what_cannot_be_solved_is_not_called_solved(rows, solved):
    rows = [*rows, *["#######"] * 5]
    here = drawn(*rows)
    assert plans(here.walls, here.starts, here.goals, 30).solved.tolist() == [solved]


def test_time_that_is_too_short_is_no_solution():
    here = drawn("a.A", "...", "...")
    assert not plans(here.walls, here.starts, here.goals, 1).solved.any()
    assert plans(here.walls, here.starts, here.goals, 2).solved.all()


def test_too_many_agents_are_refused():
    env = rallypoint.make("pathfinding-v0", num_agents=7, size=12)
    env.reset(seed=0)
    with pytest.raises(InvalidConfig, match="at most 6; got 7"):
        plans(env._walls, env._cells, env._goals, 10)
