"""A colony as text."""

from rallypoint.envs.ant_colony.scene import Scene
from rallypoint.envs.drawing.dots import Marks


def describe(scene: Scene, *, marks: Marks | None = None) -> str:
    """Say how pressing each task is, how many do it, and how many it needs.

    >>> import numpy as np
    >>> two = np.array([1, 1, 0])
    >>> print(
    ...     describe(
    ...         Scene(
    ...             stimuli=np.array([7.25]),
    ...             needed=np.array([1.5]),
    ...             apparent=two,
    ...             works=np.array([True, False, False]),
    ...             alive=np.ones(3, dtype=bool),
    ...             cap=40.0,
    ...             step=3,
    ...             time_limit=9,
    ...         )
    ...     )
    ... )
    step 3 / 9
    task 1: stimulus  7.2, 1 at work, 1.5 needed
    idle: 1
    1 only seem to work
    """
    lines = [scene.when]
    digits = len(str(len(scene.alive)))
    for task, (stimulus, needed) in enumerate(zip(scene.stimuli, scene.needed, strict=True), 1):
        at_work = int(scene.works[scene.doing(task)].sum())
        lines.append(
            f"task {task}: stimulus {stimulus:4.1f}, {at_work:{digits}} at work, {needed:g} needed"
        )
    lines.append(f"idle: {len(scene.doing(0))}")
    return "\n".join([*lines, *scene.notes(marks)])
