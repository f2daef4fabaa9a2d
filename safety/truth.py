"""What is true of a world at one moment, made when a threat looks at it; and what would come."""

from types import TracebackType
from typing import NamedTuple, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from rallypoint.batch_env import Actions, Array, BatchEnv, Geometry, Mask, Observations
from rallypoint.policies import Policy

Made = TypeVar("Made")


class Truth:
    """A world at one moment, all E copies of it, and the policy that is under threats in it."""

    __slots__ = "_geometry", "_regions", "_state", "env", "policy"

    def __init__(self, env: BatchEnv, policy: Policy | None = None) -> None:
        self.env = env
        self.policy = policy
        self._state: Array | None = None
        self._regions: dict[str, Mask] | None = None
        self._geometry: Geometry | None = None

    def state(self) -> Array:
        """Return the world's state; made once, as the others are."""
        if self._state is None:
            self._state = self.env.state()
        return self._state

    def regions(self) -> dict[str, Mask]:
        """Return who is in each of the world's places."""
        if self._regions is None:
            self._regions = self.env.regions()
        return self._regions

    def geometry(self) -> Geometry:
        """Return where everybody is."""
        if self._geometry is None:
            self._geometry = self.env.geometry()
        return self._geometry


class Imagined(NamedTuple):
    """What one step in the mind would bring, in e copies."""

    observations: Observations  # (e, n, …)
    rewards: NDArray[np.float64]  # (e, N)
    counts: Mask  # (e,) whether it is a step of the episode that goes on now, not of the next


class Simulator:
    """A world that can be rolled forward in the mind, and is put back when that is over.

    ::

        with known.simulator as mind:
            for action in candidates:
                seen = mind.rewind()
                step = mind.step(mind.actions | {"agents": action})

    Copies that end are played on in their next episodes, since all copies are stepped together;
    their steps count no more. Random numbers are those the world will draw: to know them is part
    of knowing the simulator.
    """

    def __init__(
        self, env: BatchEnv, actions: Actions, rows: NDArray[np.int64] | None = None
    ) -> None:
        """Take a world that can be put back.

        Args:
            env: the world, all E copies.
            actions: as they stand at this moment, group -> (e, n, …).
            rows: (e,) of the copies to look at, all of them if not given.
        """
        self.groups = env.groups
        self.actions = dict(actions)
        self._env = env
        self._rows: NDArray[np.int64] | slice = slice(None) if rows is None else rows

    def __enter__(self) -> Self:
        """Remember how things are."""
        self._now = self._env.snapshot()
        self._ended = np.zeros(self._env.num_copies, dtype=bool)
        self._over = self._ended
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Put everything back, whatever happened."""
        self._env.restore(self._now)

    def rewind(self) -> Observations:
        """Go back to now; return what is seen, group -> (e, n, …), if nobody deceives anybody."""
        self._ended = self._over = np.zeros(self._env.num_copies, dtype=bool)
        return self._of_rows(self._env.restore(self._now))

    def step(self, actions: Actions) -> Imagined:
        """Take one step; actions are group -> (e, n, …)."""
        if self._ended.any():
            self._env.reset(mask=self._ended)
        counts = ~self._over
        step = self._env.step(self._for_all(actions))
        self._ended = step.ended
        self._over = self._over | step.ended
        return Imagined(
            self._of_rows(step.observations), step.rewards[self._rows], counts[self._rows]
        )

    @property
    def is_over(self) -> bool:
        """Whether the episodes that go on now have ended in all copies."""
        return bool(self._over[self._rows].all())

    def geometry(self) -> Geometry:
        """Return where everybody would be then; see ``BatchEnv.geometry``."""
        geometry = self._env.geometry()
        return geometry._replace(positions=geometry.positions[self._rows])

    def _of_rows(self, observations: Observations) -> Observations:
        return {name: seen[self._rows] for name, seen in observations.items()}

    def _for_all(self, actions: Actions) -> Actions:
        """Give the copies that nobody looks at an action as well."""
        if isinstance(self._rows, slice):
            return actions
        whole: dict[str, Array] = {}
        for name, chosen in actions.items():
            whole[name] = np.repeat(chosen[:1], self._env.num_copies, axis=0)
            whole[name][self._rows] = chosen
        return whole
