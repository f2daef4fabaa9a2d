"""What a delivery is: it carries out what a protocol orders, and tells what came of it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from rallypoint.agents.rounds.protocols import Arrived, Integers, Remind, Told, Work
from rallypoint.agents.rounds.work import Found, Lived, Task
from rallypoint.batch_env import Snapshot
from rallypoint.errors import InvalidConfig
from rallypoint.safety.enforcement.nested import nested, part_of
from rallypoint.safety.receipts import Receipt
from rallypoint.snapshots import check_snapshot

_BLOCK_OF = "block_of"  # (n,) of each contributor


class Brought(NamedTuple):
    """What came of a round beside its updates, for those contributors who played it."""

    contributors: Integers  # (k,) in order
    lived: Lived
    more: bool  # whether their fragments have further pieces


class Delivery(ABC):
    """Carries orders out, wherever contributors are computed.

    Contributors are dealt out to *blocks*, which are computed together; numbers do not depend on
    how, nor on where a block is.
    """

    def __init__(self, blocks: Sequence[Sequence[int]]) -> None:
        """Deliver to these blocks of contributors, 0 to n - 1 in order."""
        self.blocks = tuple(np.asarray(block, dtype=np.int64) for block in blocks)
        self.block_of = np.repeat(np.arange(len(blocks)), [len(block) for block in blocks])
        self._lived: dict[int, tuple[Lived, bool]] = {}  # by block, of the present round

    @property
    def count(self) -> int:
        """How many contributors there are."""
        return len(self.block_of)

    @abstractmethod
    def announce(self, version: int, task: Task) -> None:
        """Take note of what work at a version is; the version before is over."""

    @abstractmethod
    def order(self, work: Work) -> None:
        """Have work done."""

    @abstractmethod
    def remind(self, reminder: Remind) -> None:
        """Tell, when the time has come, that it has."""

    @abstractmethod
    def next(self) -> Told:
        """Wait for what happens next.

        Raises:
            RallypointError: nothing can happen any more.
        """

    @abstractmethod
    def ends(self) -> list[Snapshot]:
        """Return where each block's last fragment has ended."""

    @abstractmethod
    def begin_at(self, ends: Sequence[Snapshot]) -> None:
        """Let each block's next fragment start there."""

    def snapshot(self) -> Snapshot:
        """Return everything that contributors need to go on, bit for bit."""
        own: Snapshot = {_BLOCK_OF: self.block_of}
        for index, end in enumerate(self.ends()):
            own |= nested(str(index), end)
        return own

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of the same blocks.

        Raises:
            InvalidConfig: it is of others.
        """
        check_snapshot(snapshot, {_BLOCK_OF: self.block_of}, of="a delivery of rounds")
        if (snapshot[_BLOCK_OF] != self.block_of).any():
            raise InvalidConfig(
                f"contributors were dealt out to blocks as {snapshot[_BLOCK_OF].tolist()}, and are "
                f"as {self.block_of.tolist()} here; make a delivery of the same blocks"
            )
        self.begin_at([part_of(snapshot, str(index)) for index in range(len(self.blocks))])

    def told(self) -> dict[str, Any]:
        """Return what is to be watched of the last round; nothing, here."""
        return {}

    @abstractmethod
    def receipts(self) -> list[tuple[Receipt, ...]]:
        """Return what threats to the worlds did, block by block."""

    def _arrived(self, index: int, work: Work, found: Found) -> Arrived:
        """Take what was found in a block; return what is to be told of those who were ordered."""
        self._lived[index] = found.lived, found.more
        block = self.blocks[index]
        whom = work.contributors[self.block_of[work.contributors] == index]
        if len(whom) == len(block):
            return Arrived(work.version, block, found.updates, found.speaks)
        rows = np.searchsorted(block, whom)
        return Arrived(work.version, whom, found.updates[rows], found.speaks[rows])

    def close(self) -> None:  # noqa: B027 - most leave nothing
        """Leave nothing running; nothing, here."""

    def brought(self) -> Brought:
        """Return what came of this round beside its updates."""
        blocks = sorted(self._lived)
        parts = [self._lived[block][0] for block in blocks]
        return Brought(
            np.concatenate([self.blocks[block] for block in blocks]),
            Lived(
                np.concatenate([part.returns for part in parts]),
                np.concatenate([part.episodes for part in parts]),
                np.concatenate([part.steps for part in parts]),
                tuple(digest for part in parts for digest in part.digests),
            ),
            any(self._lived[block][1] for block in blocks),
        )


def blocks_of(snapshot: Snapshot) -> list[list[int]]:
    """Return how contributors were dealt out in a snapshot of rounds."""
    of_each = snapshot[f"delivery/{_BLOCK_OF}"]
    return [np.flatnonzero(of_each == block).tolist() for block in range(int(of_each.max()) + 1)]
