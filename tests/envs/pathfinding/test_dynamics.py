"""Who may move: nobody meets anybody, and nobody is refused without a reason."""

import numpy as np
import pytest

from rallypoint.envs.pathfinding.dynamics import FAR, distances_to, moved, shifts
from tests.envs.pathfinding.drawn import drawn, steps_to

STAY, UP, DOWN, LEFT, RIGHT = range(5)


def after(actions, *rows):
    """Return the map as it is after a step, and who was blocked or collided."""
    here = drawn(*rows)
    present = np.ones(here.starts.shape, dtype=bool)
    found = moved(here.starts, np.array([actions]), present, here.walls)
    row, column = np.divmod(found.cells[0] - here.side - 1, here.side)
    picture = [["#" if x == "#" else "." for x in line] for line in rows]
    for letter, y, x in zip("abcd", row.tolist(), column.tolist(), strict=False):
        picture[y][x] = letter
    return (
        ["".join(line) for line in picture],
        found.blocked[0].tolist(),
        found.collided[0].tolist(),
    )


@pytest.mark.parametrize(
    ("actions", "before", "then", "collided"),
    [
        ([RIGHT, LEFT], ("ab.", "...", "..."), ("ab.", "...", "..."), [1, 1]),  # change places
        ([RIGHT, LEFT], ("a.b", "...", "..."), (".ab", "...", "..."), [0, 1]),  # one free cell
        ([RIGHT, RIGHT], ("ab.", "...", "..."), (".ab", "...", "..."), [0, 0]),  # follow
        ([RIGHT, RIGHT], ("ba.", "...", "..."), (".ba", "...", "..."), [0, 0]),
        ([RIGHT, STAY], ("ab.", "...", "..."), ("ab.", "...", "..."), [1, 0]),  # somebody stays
        ([RIGHT, RIGHT, STAY], ("abc", "...", "..."), ("abc", "...", "..."), [1, 1, 0]),  # a queue
        ([RIGHT, RIGHT], ("ab#", "...", "..."), ("ab#", "...", "..."), [1, 0]),  # before a wall
        ([RIGHT, DOWN, LEFT, UP], ("ab.", "dc.", "..."), ("da.", "cb.", "..."), [0, 0, 0, 0]),
        ([DOWN, UP, LEFT], ("..a", "..c", "..b"), ("..a", ".c.", "..b"), None),  # c has left
    ],
)
def test_conflicts_are_settled_as_described(actions, before, then, collided):
    picture, _, who = after(actions, *before)
    if collided is None:  # two want the cell that a third one leaves: the first gets it
        assert picture == ["...", ".ca", "..b"]
        assert who == [False, True, False]
    else:
        assert picture == list(then)
        assert who == [bool(one) for one in collided]


def test_walls_block_and_are_no_collision():
    picture, blocked, collided = after([UP, RIGHT], "a.b", "...", "...")
    assert picture == ["a.b", "...", "..."]
    assert blocked == [True, True]
    assert collided == [False, False]


def test_nobody_meets_anybody_and_every_refusal_has_its_reason(rng):
    copies, agents, side = 3000, 5, 6
    walls = np.ones((copies, side, side), dtype=bool)
    walls[:, 1:-1, 1:-1] = rng.random((copies, 4, 4)) < 0.1
    walls = walls.reshape(copies, -1)
    keys = np.where(walls, 2.0, rng.random(walls.shape))
    cells = keys.argsort(axis=1)[:, :agents]
    present = rng.random(cells.shape) < 0.9
    actions = rng.integers(0, 5, cells.shape)
    found = moved(cells, actions, present, walls)
    wanted = cells + shifts(side)[actions]
    reasons = set()
    for copy in range(copies):
        there = np.flatnonzero(present[copy]).tolist()
        end, start, aim = found.cells[copy], cells[copy], wanted[copy]
        assert len({end[i] for i in there}) == len(there)
        for i in range(agents):
            assert end[i] in {start[i], aim[i]}
            if i not in there:
                assert end[i] == start[i]
                continue
            assert found.blocked[copy, i] == walls[copy, aim[i]]
            assert not walls[copy, end[i]]
            refused = end[i] != aim[i]
            assert found.collided[copy, i] == (refused and not found.blocked[copy, i])
            for k in there:
                assert i == k or end[i] != start[k] or end[k] != start[i] or end[i] == start[i]
            if found.collided[copy, i]:
                others = [k for k in there if k != i]
                exchange = any(aim[k] == start[i] and aim[i] == start[k] for k in others)
                stays = any(end[k] == aim[i] == start[k] for k in others)
                first = any(end[k] == aim[i] != start[k] and k < i for k in others)
                assert exchange or stays or first
                reasons |= {("exchange", exchange), ("stays", stays), ("first", first)}
    assert len(reasons) == 6  # each of them was seen, and each was seen missing


def test_distances_are_those_of_a_search(rng):
    side = 9
    walls = np.ones((20, side, side), dtype=bool)
    walls[:, 1:-1, 1:-1] = rng.random((20, 7, 7)) < 0.35
    walls = walls.reshape(20, -1)
    goals = np.where(walls, 2.0, rng.random(walls.shape)).argsort(axis=1)[:, :3]
    found = distances_to(goals, walls)
    for copy in range(20):
        for agent in range(3):
            slowly = steps_to(int(goals[copy, agent]), walls[copy], side)
            expected = [slowly.get(cell, FAR) for cell in range(side**2)]
            assert found[copy, agent].tolist() == expected
