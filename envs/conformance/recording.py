"""What happened, written down so that two runs can be compared bit for bit."""

import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from rallypoint.batch_env import Array, BatchEnv, Mask, Observations, Step
from rallypoint.envs.conformance.actor import Actor
from rallypoint.envs.conformance.faults import during, whose

Rows = Sequence[int] | slice
EVERY_ROW = slice(None)
_LARGE = 8192  # bytes of one row, from which on fingerprints of its parts are kept instead


class Moment(NamedTuple):
    """Everything that a world returned at one moment."""

    when: str
    arrays: dict[str, Array]  # what it is -> (E, …)


class Recorder:
    """Plays on and on, starts ended copies anew, and writes down what it is told."""

    def __init__(
        self,
        env: BatchEnv,
        *,
        alike: bool = False,
        given: Callable[[Array], Array] = lambda actions: actions,
        afterwards: Callable[[Observations | Step], None] | None = None,
    ) -> None:
        """Play a world.

        Args:
            env: the world.
            alike: whether all copies choose the same actions.
            given: makes the array that the world is given, of an array of actions.
            afterwards: is called with what the world returned, once that is written down.
        """
        self.env = env
        self.moments: list[Moment] = []
        self.observations: Observations = {}  # the last ones
        self._actor = Actor(env, alike=alike)
        self._given = given
        self._afterwards = afterwards or (lambda _: None)
        self._time = 0
        self._episode = ""

    def begin(self, seed: int | None = None) -> None:
        """Start an episode in all copies; the choice of actions starts over, too."""
        with during(f"reset(seed={seed})"):
            self.observations = self.env.reset(seed)
        self._actor.begin()
        self._time = 0
        self._episode = "" if seed is not None else " of the next episode"
        self.moments.append(Moment(f"the reset{self._episode}", _kept(self._begun())))
        self._afterwards(self.observations)

    def step(self, times: int = 1) -> None:
        """Move on."""
        for _ in range(times):
            self._time += 1
            now = f"step {self._time}{self._episode}"
            actions = {name: self._given(array) for name, array in self._actor.choose().items()}
            with during(now):
                step = self.env.step(actions)
            self.moments.append(Moment(now, _kept(told(step))))
            self.observations = step.observations
            ended = step.ended
            self._afterwards(step)
            if ended.any():
                self.restart(ended)

    def go_on(self, steps: int, since: str) -> list[Moment]:
        """Return what happens from here, to choices of actions that start over."""
        self.moments = []
        self._actor.begin()
        self._time = 0
        self._episode = f" {since}"
        self.step(steps)
        self.begin()
        self.step(steps)
        return self.moments

    def restart(self, mask: Mask) -> None:
        """Start new episodes in some copies, still within the last moment."""
        when, arrays = self.moments[-1]
        with during(f"reset(mask=…) after {when}"):
            self.observations = self.env.reset(mask=mask)
        arrays |= {f"{name} anew": array for name, array in _kept(self._begun()).items()}
        self._afterwards(self.observations)

    def _begun(self) -> dict[str, Array]:
        return {"alive": self.env.alive} | named(self.observations)


def play(env: BatchEnv, seed: int, steps: int, *, alike: bool = False) -> list[Moment]:
    """Play so many steps from a seed, and then as many from the next reset."""
    recorder = Recorder(env, alike=alike)
    recorder.begin(seed)
    recorder.step(steps)
    recorder.begin()
    recorder.step(steps)
    return recorder.moments


def named(observations: Observations) -> dict[str, Array]:
    """Name what a reset returned."""
    return {f"observations[{group!r}]": array for group, array in observations.items()}


def told(step: Step) -> dict[str, Array]:
    """Name everything that a step returned."""
    bits = {name: getattr(step, name) for name in ("rewards", "terminated", "truncated", "alive")}
    infos = {f"infos[{name!r}]": array for name, array in step.infos.items()}
    return bits | named(step.observations) | infos


def agents_of(env: BatchEnv, name: str) -> Sequence[str]:
    """Return who stands along the second axis of a named array."""
    for group in env.groups:
        if name.startswith(f"observations[{group.name!r}]"):
            return group.agents
    return env.agents


def difference(
    env: BatchEnv,
    some: Sequence[Moment],
    others: Sequence[Moment],
    some_rows: Rows = EVERY_ROW,
    other_rows: Rows = EVERY_ROW,
) -> str | None:
    """Say where two runs first differ in a bit, if anywhere."""
    for one, other in zip(some, others, strict=True):
        for name in one.arrays:
            if name not in other.arrays:  # begun anew in a row that is not compared
                continue
            here, there = one.arrays[name][some_rows], other.arrays[name][other_rows]
            if (here.dtype, here.shape) != (there.dtype, there.shape):
                kinds = f"{here.dtype} {here.shape} against {there.dtype} {there.shape}"
                return f"{name} at {one.when}: {kinds}"
            if here.tobytes() != there.tobytes():
                return f"{_first(env, name, here, there, some_rows)} at {one.when}"
    return None


def _first(env: BatchEnv, name: str, here: Array, there: Array, rows: Rows) -> str:
    unequal = (here != there) & ~(np.isnan(here) & np.isnan(there))
    if not unequal.any():
        return f"{name}, in the sign of a zero,"
    index = tuple(np.argwhere(unequal)[0].tolist())
    row = index[0] if isinstance(rows, slice) else rows[index[0]]
    agents = agents_of(env, name)
    of_agent = here.shape[1:2] == (len(agents),)
    of = f" of {whose(agents, (row, *index[1:]))}" if of_agent else f" in row {row}"
    return f"{name}{of}: {here[index]} against {there[index]}"


def _kept(arrays: dict[str, Array]) -> dict[str, Array]:
    return {
        name: array.copy() if array[:1].nbytes < _LARGE else _fingerprints(array)
        for name, array in arrays.items()
    }


def _fingerprints(array: Array) -> Array:
    """Fold each agent's part of a large array into 64 bits: (E, n, …) -> (E, n)."""
    parts = np.ascontiguousarray(array).reshape(*array.shape[:2], -1)
    prints = [
        [int.from_bytes(hashlib.blake2b(part.tobytes(), digest_size=8).digest()) for part in row]
        for row in parts
    ]
    return np.array(prints, dtype=np.uint64)
