"""What beliefs were formed from, written down as it is lived, to learn from it afterwards."""

import numpy as np

from rallypoint.agents.belief.features import Singles
from rallypoint.agents.belief.training import Course
from rallypoint.batch_env import Mask
from rallypoint.safety.frame import Threatened


class Tape:
    """Steps that agents took in, with the draw of Nature that stood behind each.

    What hostile agents believe serves nobody, and is not learned from.
    """

    def __init__(self, frame: Threatened) -> None:
        """Read draws from the frame that makes agents hostile."""
        self._frame = frame
        self._memory: Singles | None = None
        self._steps: list[tuple[Singles, Mask, Mask, Mask]] = []

    def write(self, inputs: Singles, who: Mask, begins: Mask | None, memory: Singles) -> None:
        """Write down one step.

        Args:
            inputs: (E, N, features).
            who: (E, N) takes it in.
            begins: (E,) copies whose episode begins with it; None: none.
            memory: (E, N, hidden) what was remembered before.
        """
        if not self._steps:
            self._memory = memory.reshape(-1, memory.shape[2]).copy()
        forgets = np.zeros(who.shape, dtype=bool)
        if begins is not None:
            forgets[begins] = True
        self._steps.append((inputs, who, forgets, self._frame.hostile.copy()))

    def take(self) -> Course:
        """Return what was written since the last call, at least one step, and write on anew."""
        inputs, who, forgets, hostile = (np.stack(p) for p in zip(*self._steps, strict=True))
        self._steps = []
        steps, copies, agents = who.shape
        rows = copies * agents
        looks = who.reshape(steps, rows)
        return Course(
            inputs.reshape(steps, rows, -1),
            looks & ~hostile.reshape(steps, rows),
            np.repeat(hostile, agents, axis=1),
            looks,
            forgets.reshape(steps, rows),
            self._memory,
        )
