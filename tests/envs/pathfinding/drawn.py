"""Maps in letters, as cells: small letters are agents, capital ones their goals."""

from typing import NamedTuple

import numpy as np


class Drawn(NamedTuple):
    """One copy."""

    walls: np.ndarray  # (1, P²)
    starts: np.ndarray  # (1, N)
    goals: np.ndarray  # (1, N)
    side: int


def drawn(*rows, border=1):
    """Read a square map; ``.`` is free and ``#`` is not."""
    letters = np.pad(np.array([list(row) for row in rows]), border, constant_values="#").ravel()
    agents = sorted(letter for letter in letters if letter.islower())
    cell = {letter: int(np.flatnonzero(letters == letter)[0]) for letter in set(letters)}
    starts = [cell[agent] for agent in agents]
    goals = [cell.get(agent.upper(), cell[agent]) for agent in agents]
    side = len(rows) + 2 * border
    return Drawn((letters == "#")[None], np.array([starts]), np.array([goals]), side)


def steps_to(goal, walls, side):
    """Return how far each cell is, in a dict, by breadth-first search."""
    found, front = {goal: 0}, [goal]
    while front:
        ahead = []
        for cell in front:
            for shift in (1, -1, side, -side):
                if not walls[cell + shift] and cell + shift not in found:
                    found[cell + shift] = found[cell] + 1
                    ahead.append(cell + shift)
        front = ahead
    return found
