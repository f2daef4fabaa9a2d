"""Protocols of rounds, one to a file: pure state machines that are told, and order.

A protocol knows no clock, no process and no network. It is told what has happened, one thing at a
time, and answers with its next state and with what is to be done. Whoever runs it (in this process,
on a cluster, in a simulation with delays) only carries orders out and tells what came of them.

Contributors are numbered 0 to n - 1; where R runs are played side by side, contributor i of run r
is number r n + i. A *version* is a state of the parameters: 0 at the start, and one more each time
the server has moved.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from rallypoint.batch_env import Snapshot
from rallypoint.config import Config
from rallypoint.registry import Registry

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
Mask = NDArray[np.bool_]
_NOBODY: Integers = np.empty(0, dtype=np.int64)


class Arrived(NamedTuple):
    """Told: updates have come, in the form they should have; their numbers may be anything."""

    version: int  # of the parameters that they were found at
    contributors: Integers  # (k,)
    updates: Floats  # (k, D)
    speaks: Mask  # (k,) False: it lived nothing that it could speak of; its row means nothing


class Lost(NamedTuple):
    """Told: what was ordered of these contributors will not come."""

    version: int
    contributors: Integers  # (k,)
    is_gone: bool  # whoever computed it is; else it raised, or answered what is no update
    reason: str


class Due(NamedTuple):
    """Told: so long ago it was asked for, and now it is time."""

    version: int
    about: str


class Moved(NamedTuple):
    """Told: the server has followed what it was given."""

    version: int  # that it is at now
    parameters: Floats  # (R, D) there; read-only
    opens: bool  # whether new fragments are played from here, or the same ones looked at further


class Work(NamedTuple):
    """Order: compute the updates of these contributors at a version."""

    version: int
    contributors: Integers  # (k,)
    is_again: bool = False  # elsewhere than those who were asked before


class Remind(NamedTuple):
    """Order: say when so much time has passed."""

    seconds: float
    version: int
    about: str


class Combine(NamedTuple):
    """Order: let the server's aggregator combine these updates, and follow."""

    version: int
    contributors: Integers  # (m,) in order
    updates: Floats  # (m, D)
    missing: Integers = _NOBODY  # (k,) others, who should have sent one; they count against f
    weights: Floats | None = None  # (m,) by which rows are multiplied before; 1 if not given


class Follow(NamedTuple):
    """Order: follow this, which is combined already."""

    version: int
    aggregate: Floats  # (R, D)


class Stop(NamedTuple):
    """Order: it cannot go on, or need not."""

    reason: str


Told = Arrived | Lost | Due | Moved
Order = Work | Remind | Combine | Follow | Stop
Orders = tuple[Order, ...]
State = TypeVar("State")


@dataclass(frozen=True, kw_only=True)
class RoundProtocol(Config, ABC, Generic[State]):
    """Decides what is computed when, what is combined, and what counts as missing.

    A frozen dataclass of its settings. All methods are pure: same arguments, same answer, and no
    argument is changed. Every `Combine` and every `Follow` is answered by one `Moved`.
    """

    @abstractmethod
    def begin(self, count: int, version: int = 0) -> tuple[State, Orders]:
        """Return the first state, and what is to be done, of n contributors at a version."""

    @abstractmethod
    def tell(self, state: State, told: Told) -> tuple[State, Orders]:
        """Return the next state, and what is to be done."""

    @abstractmethod
    def tally(self, state: State) -> Mapping[str, int]:
        """Return what has been counted since it began, by names that sort as they are read."""

    @abstractmethod
    def snapshot(self, state: State) -> Snapshot:
        """Return a state as arrays."""

    @abstractmethod
    def restore(self, snapshot: Snapshot) -> tuple[State, Orders]:
        """Return the state of a snapshot, and what must be ordered anew: nothing is under way."""


protocols: Registry[type[RoundProtocol[Any]]] = Registry("protocol", __name__)
