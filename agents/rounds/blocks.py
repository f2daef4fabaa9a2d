"""Contributors in blocks, each computed together, wherever that is."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import chain
from operator import index as as_index
from typing import Any

import numpy as np

from rallypoint.batch_env import Snapshot
from rallypoint.errors import InvalidConfig
from rallypoint.safety.enforcement.nested import nested, part_of
from rallypoint.safety.receipts import Receipt
from rallypoint.snapshots import check_snapshot

BLOCK_OF = "block_of"  # (n,) of each contributor
DEALT_OUT = f"delivery/{BLOCK_OF}"  # in a snapshot of rounds


class Blocks(ABC):
    """Contributors are dealt out to *blocks*; numbers do not depend on how, nor on where one is."""

    def __init__(self, blocks: Sequence[Sequence[int]]) -> None:
        """Take these blocks of contributors, 0 to n - 1 in order."""
        self.blocks = tuple(np.asarray(block, dtype=np.int64) for block in blocks)
        self.block_of = np.repeat(np.arange(len(blocks)), [len(block) for block in blocks])

    @property
    def count(self) -> int:
        """How many contributors there are."""
        return len(self.block_of)

    @abstractmethod
    def ends(self) -> list[Snapshot]:
        """Return where each block's last fragment has ended."""

    @abstractmethod
    def begin_at(self, ends: Sequence[Snapshot]) -> None:
        """Let each block's next fragment start there."""

    def snapshot(self) -> Snapshot:
        """Return everything that contributors need to go on, bit for bit."""
        own: Snapshot = {BLOCK_OF: self.block_of}
        for index, end in enumerate(self.ends()):
            own |= nested(str(index), end)
        return own

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of the same blocks.

        Raises:
            InvalidConfig: it is of others.
        """
        check_snapshot(snapshot, {BLOCK_OF: self.block_of}, of="a delivery of rounds")
        if (snapshot[BLOCK_OF] != self.block_of).any():
            raise InvalidConfig(
                f"contributors were dealt out to blocks as {snapshot[BLOCK_OF].tolist()}, and are "
                f"as {self.block_of.tolist()} here; make a delivery of the same blocks"
            )
        self.begin_at([part_of(snapshot, str(index)) for index in range(len(self.blocks))])

    def told(self) -> dict[str, Any]:
        """Return what is to be watched of the last round; nothing, here."""
        return {}

    @abstractmethod
    def receipts(self) -> list[tuple[Receipt, ...]]:
        """Return what threats to the worlds did, block by block."""

    def close(self) -> None:  # noqa: B027 - most leave nothing
        """Leave nothing running; nothing, here."""


def blocks_of(snapshot: Snapshot) -> list[list[int]]:
    """Return how contributors were dealt out in a snapshot of rounds."""
    of_each = snapshot[DEALT_OUT]
    return [np.flatnonzero(of_each == block).tolist() for block in np.unique(of_each)]


def check_blocks(blocks: Sequence[Sequence[int]], count: int, *, together: bool) -> None:
    """Refuse blocks that do not hold each of n contributors once, in order.

    Args:
        blocks: of contributors, by number.
        count: n.
        together: whether all of them live in one world, as a team does.

    Raises:
        InvalidConfig: says what blocks there may be.
    """
    try:
        given = [[as_index(one) for one in block] for block in blocks]
    except TypeError:
        given = []
    if not all(given) or [*chain(*given)] != [*range(count)]:
        example = [[*range(count)[: count // 2]], [*range(count)[count // 2 :]]]
        raise InvalidConfig(
            f"blocks hold each of the {count} contributors once, in order, such as "
            f"{[block for block in example if block]}, got {blocks!r}"
        )
    if together and len(given) > 1:
        raise InvalidConfig(
            f"the members of a team live in one world, and are one block; got {blocks!r}; leave "
            "out blocks"
        )
