"""A map as text."""

import string

import numpy as np

from rallypoint.envs.drawing.dots import Marks
from rallypoint.envs.pathfinding.scene import Scene


def describe(scene: Scene, *, marks: Marks | None = None) -> str:
    """Draw a map in letters: agent 0 is ``a`` and its goal ``A``, agent 1 ``b`` and ``B``.

    Where both are in one cell the agent is shown. From the 27th on, letters come again.

    >>> wall = np.array([[0, 0, 0], [0, 1, 1], [0, 0, 0]], dtype=bool)
    >>> places, goals = np.array([[0, 0], [-1, -1]]), np.array([[2, 2], [0, 2]])
    >>> print(describe(Scene(wall, places, goals, step=3, time_limit=64)))
    step 3 / 64, 1 of 2 on the way
    a . .
    . # #
    . . A
    """
    picture = np.where(scene.obstacles, "#", ".")
    here = scene.present
    for letters, cells in (
        (string.ascii_uppercase, scene.goals),
        (string.ascii_lowercase, scene.places),
    ):
        for agent in np.flatnonzero(here)[::-1].tolist():
            picture[tuple(cells[agent])] = letters[agent % len(letters)]
    told = [scene.summary]
    told += [f"{name}: {int((mask & here).sum())}" for name, mask in (marks or {}).items()]
    return "\n".join([", ".join(told), *(" ".join(row) for row in picture.tolist())])
