"""What asynchronous protocols share: updates are heard one by one, and nobody waits for anybody."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

import numpy as np

from rallypoint.agents.rounds.filters.memory import Dated
from rallypoint.agents.rounds.filters.versions import Vector
from rallypoint.agents.rounds.protocols import (
    Arrived,
    Combine,
    Due,
    Floats,
    Follow,
    Lost,
    Moved,
    Order,
    Orders,
    RoundProtocol,
    Stop,
    Told,
    Work,
)
from rallypoint.batch_env import Snapshot
from rallypoint.config import check_least
from rallypoint.safety.enforcement.nested import nested, part_of

Memory = TypeVar("Memory")


class Line(NamedTuple, Generic[Memory]):
    """Where an asynchronous server stands, with the updates that it has not heard yet."""

    memory: Memory
    version: int
    is_moving: bool  # it has ordered a move, and does not know the parameters there yet
    spoken: tuple[int, ...]  # contributors that are asked again when it has moved
    queue: tuple[tuple[int, Dated], ...]
    failures: tuple[int, ...]  # (n,) of each contributor, in a row
    given_up: int = 0  # contributors that failed too often


@dataclass(frozen=True, kw_only=True)
class Asynchronous(RoundProtocol[Line[Memory]], Generic[Memory]):
    """Whoever has sent an update is asked for the next at once, at the newest version.

    For a single run, and for learners that send one update for each fragment.
    """

    is_asynchronous: ClassVar[bool] = True

    f: int = 0  # how many contributors may lie
    failures: int = 3  # of a contributor in a row, after which it is not asked again

    def begin(
        self, count: int, version: int = 0, *, parameters: Floats | None = None
    ) -> tuple[Line[Memory], Orders]:
        """Order everybody's update.

        Args:
            count: of contributors.
            version: to begin at.
            parameters: (1, D) there, for protocols that measure how far they move.

        Raises:
            TooManyByzantine: the protocol cannot tolerate f among so many.
        """
        check_least(self, 1, "failures")
        start = None if parameters is None else parameters[0]
        memory = self._opened(count, version, start)
        state = Line(memory, version, False, (), (), (0,) * count)
        return state, (Work(version, np.arange(count)),)

    def tell(self, state: Line[Memory], told: Told) -> tuple[Line[Memory], Orders]:
        """Go on."""
        match told:
            case Arrived():
                return self._arrived(state, told)
            case Moved():
                memory = self._moved(state.memory, told.version, told.parameters[0])
                again = np.array(sorted(state.spoken), dtype=np.int64)
                state = state._replace(
                    memory=memory, version=told.version, is_moving=False, spoken=()
                )
                return self._heard(state, [Work(told.version, again)] if len(again) else [])
            case Lost():
                return self._lost(state, told)
            case Due():
                return state, ()  # it asks for no reminders

    def tally(self, state: Line[Memory]) -> Mapping[str, int]:
        """Return what has been counted."""
        return {**self._counted(state.memory), "given_up": state.given_up}

    def snapshot(self, state: Line[Memory]) -> Snapshot:
        """Return a state as arrays: what was on its way is ordered anew."""
        return nested("memory", self._saved(state.memory)) | {
            "version": np.array(state.version),
            "failures": np.array(state.failures),
            "given_up": np.array(state.given_up),
        }

    def restore(self, snapshot: Snapshot) -> tuple[Line[Memory], Orders]:
        """Return the state of a snapshot, and order the update of all that are still asked."""
        failures = tuple(snapshot["failures"].tolist())
        state = Line(
            self._restored(part_of(snapshot, "memory")),
            int(snapshot["version"]),
            False,
            (),
            (),
            failures,
            int(snapshot["given_up"]),
        )
        asked = np.flatnonzero(np.array(failures) < self.failures)
        return state, (Work(state.version, asked),)

    def _arrived(self, state: Line[Memory], told: Arrived) -> tuple[Line[Memory], Orders]:
        silent = told.contributors[~told.speaks].tolist()
        queue = [
            (int(contributor), Dated(told.version, update))
            for contributor, update, speaks in zip(
                told.contributors, told.updates, told.speaks, strict=True
            )
            if speaks
        ]
        failures = list(state.failures)
        for contributor in told.contributors.tolist():
            failures[contributor] = 0
        state = state._replace(queue=(*state.queue, *queue), failures=tuple(failures))
        state, orders = self._asked(state, silent)
        return self._heard(state, [*orders])

    def _lost(self, state: Line[Memory], told: Lost) -> tuple[Line[Memory], Orders]:
        if told.is_gone:  # whoever computed it, not the contributor, has failed
            return self._asked(state, told.contributors.tolist())
        failures = list(state.failures)
        for contributor in told.contributors.tolist():
            failures[contributor] += 1
        hopeless = [c for c in told.contributors.tolist() if failures[c] >= self.failures]
        state = state._replace(failures=tuple(failures), given_up=state.given_up + len(hopeless))
        if all(failed >= self.failures for failed in failures):
            return state, (Stop("every contributor has failed too often"),)
        rest = [c for c in told.contributors.tolist() if failures[c] < self.failures]
        return self._asked(state, rest)

    def _asked(self, state: Line[Memory], whom: list[int]) -> tuple[Line[Memory], Orders]:
        """Ask contributors again, now, or when the server has moved."""
        if not whom:
            return state, ()
        if state.is_moving:
            return state._replace(spoken=(*state.spoken, *whom)), ()
        return state, (Work(state.version, np.array(sorted(whom))),)

    def _heard(self, state: Line[Memory], orders: list[Order]) -> tuple[Line[Memory], Orders]:
        """Hear the updates that wait, until the server has to move."""
        while state.queue and not state.is_moving:
            (contributor, found), *rest = state.queue
            memory, order = self._judged(state.memory, state.version, contributor, found)
            state = state._replace(memory=memory, queue=tuple(rest), is_moving=order is not None)
            if order is not None:
                orders.append(order)
            state, again = self._asked(state, [contributor])
            orders.extend(again)
        return state, tuple(orders)

    @abstractmethod
    def _opened(self, count: int, version: int, parameters: Vector | None) -> Memory:
        """Return what is remembered at the start."""

    @abstractmethod
    def _judged(
        self, memory: Memory, version: int, contributor: int, found: Dated
    ) -> tuple[Memory, Combine | Follow | None]:
        """Hear an update, and say what to apply, if anything."""

    @abstractmethod
    def _moved(self, memory: Memory, version: int, parameters: Vector) -> Memory:
        """Take parameters (d,) for the next version."""

    @abstractmethod
    def _counted(self, memory: Memory) -> Mapping[str, int]:
        """Return what has been counted."""

    @abstractmethod
    def _saved(self, memory: Memory) -> Snapshot:
        """Return what is remembered as arrays."""

    @abstractmethod
    def _restored(self, snapshot: Snapshot) -> Memory:
        """Return what a snapshot remembers."""


def applied(version: int, update: Any, factor: float) -> Follow:
    """Order that an update (d,) be followed, times a factor."""
    aggregate: Floats = (np.float32(factor) * update[None]).astype(np.float32)
    return Follow(version, aggregate)
