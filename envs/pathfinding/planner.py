"""Who sees everything and plans ahead: which maps can be solved at all, and by what moves.

Agents plan one after another, each the earliest arrival that avoids all who planned before it, in
every order until one works. A map that it solves can be solved; of one that it does not solve,
nothing is known.

Source: Silver (2005), "Cooperative Pathfinding", AIIDE: planning in space and time, with what is
reserved.
"""

from itertools import permutations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.batch_env import Mask
from rallypoint.envs.pathfinding.dynamics import STAY, Cells, shifts
from rallypoint.errors import InvalidConfig

MOST_AGENTS = 6  # of which there are 720 orders


class Plans(NamedTuple):
    """What everybody does, and where that is a solution."""

    actions: NDArray[np.int64]  # (T, E, N); who has arrived stays
    solved: Mask  # (E,)


def plans(walls: Mask, starts: Cells, goals: Cells, steps: int) -> Plans:
    """Return moves by which all arrive within so many steps, where they are found.

    Args:
        walls: (E, P²).
        starts: (E, N).
        goals: (E, N).
        steps: T.

    Raises:
        InvalidConfig: more agents than orders can be tried of.
    """
    num_copies, num_agents = starts.shape
    if num_agents > MOST_AGENTS:
        raise InvalidConfig(
            f"every order of the agents is tried, so there are at most {MOST_AGENTS}; "
            f"got {num_agents}"
        )
    actions = np.zeros((steps, num_copies, num_agents), dtype=np.int64)
    left = np.arange(num_copies)  # copies that nothing was found for
    for order in permutations(range(num_agents)):
        found, solved = _in_order(order, walls[left], starts[left], goals[left], steps)
        actions[:, left[solved]] = found[:, solved]
        left = left[~solved]
        if not len(left):
            break
    solved = np.ones(num_copies, dtype=bool)
    solved[left] = False
    return Plans(actions, solved)


class _Path(NamedTuple):
    """Where one agent is, and until when."""

    cells: Cells  # (T + 1, E); after its arrival, the goal
    arrival: Cells  # (E,) step at which it is there, and out after it


def _in_order(
    order: tuple[int, ...], walls: Mask, starts: Cells, goals: Cells, steps: int
) -> tuple[NDArray[np.int64], Mask]:
    num_copies, num_agents = starts.shape
    actions = np.zeros((steps, num_copies, num_agents), dtype=np.int64)
    solved = np.ones(num_copies, dtype=bool)
    paths: list[_Path] = []
    for agent in order:
        entered = _reached(walls, starts[:, agent], paths, steps)
        path, done, arrived = _traced(entered, walls, goals[:, agent], steps)
        solved &= arrived
        actions[:, :, agent] = done
        paths.append(path)
    return actions, solved


def _reached(walls: Mask, starts: Cells, paths: list[_Path], steps: int) -> Mask:
    """Return where an agent can come to by which action at each step: (T + 1, 5, E, P²)."""
    num_copies, size = walls.shape
    moves = shifts(round(size**0.5))
    copies = np.arange(num_copies)
    entered = np.zeros((steps + 1, len(moves), num_copies, size), dtype=bool)
    entered[0, STAY, copies, starts] = True
    free = ~walls
    for step in range(steps):
        here = entered[step].any(axis=0)
        into = entered[step + 1]
        for action, shift in enumerate(moves):
            into[action] = np.roll(here, shift, axis=1) & free  # the border is walls
        for path in paths:
            there = path.arrival > step  # it still moves in this step
            before, after = path.cells[step], path.cells[step + 1]
            into[:, copies[there], after[there]] = False
            for action, shift in enumerate(moves):  # who comes from where it goes to
                swaps = there & (before - shift == after) & (before != after)
                into[action, copies[swaps], before[swaps]] = False
    return entered


def _traced(
    entered: Mask, walls: Mask, goals: Cells, steps: int
) -> tuple[_Path, NDArray[np.int64], Mask]:
    """Return the earliest way to the goals, its actions (T, E), and where there is one (E,)."""
    num_copies, size = walls.shape
    moves = shifts(round(size**0.5))
    copies = np.arange(num_copies)
    at_goal = entered[:, :, copies, goals].any(axis=1)  # (T + 1, E)
    arrived = np.asarray(at_goal.any(axis=0))
    arrival = np.where(arrived, at_goal.argmax(axis=0), steps)
    cells = np.broadcast_to(goals, (steps + 1, num_copies)).copy()
    actions = np.full((steps, num_copies), STAY, dtype=np.int64)
    for step in range(steps, 0, -1):
        way = np.flatnonzero(arrived & (step <= arrival))
        here = cells[step, way]
        by = entered[step][:, way, here].argmax(axis=0)
        actions[step - 1, way] = by
        cells[step - 1, way] = here - moves[by]
    return _Path(cells, arrival), actions, arrived
