"""What a delivery is: it carries out what a protocol orders, and tells what came of it."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rallypoint.agents.rounds.blocks import Blocks
from rallypoint.agents.rounds.protocols import Arrived, Integers, Mask, Remind, Told, Work
from rallypoint.agents.rounds.work import Found, Lived, Task


class Brought(NamedTuple):
    """What came of a round beside its updates, for those contributors who played it."""

    contributors: Integers  # (k,) in order
    lived: Lived
    more: bool  # whether their fragments have further pieces
    speaks_of: Mask | None = None  # (k, actors) of which actors each speaks; None: of all


class Delivery(Blocks):
    """Carries orders out, wherever contributors are computed."""

    def __init__(self, blocks: Sequence[Sequence[int]]) -> None:
        """Deliver to these blocks of contributors, 0 to n - 1 in order."""
        super().__init__(blocks)
        self._found: dict[int, Found] = {}  # by block, the last of the present round
        self._more = False  # whether the last that was found has further pieces

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

    def _arrived(self, index: int, work: Work, found: Found) -> Arrived:
        """Take what was found in a block; return what is to be told of those who were ordered."""
        self._found[index] = found
        self._more = found.more  # alike in all blocks; who was lost before says what held then
        block = self.blocks[index]
        whom = work.contributors[self.block_of[work.contributors] == index]
        if len(whom) == len(block):
            return Arrived(work.version, block, found.updates, found.speaks)
        rows = np.searchsorted(block, whom)
        return Arrived(work.version, whom, found.updates[rows], found.speaks[rows])

    def brought(self) -> Brought:
        """Return what came of this round beside its updates."""
        blocks = sorted(self._found)
        found = [self._found[block] for block in blocks]
        speaks_of = [one.speaks_of for one in found if one.speaks_of is not None]
        return Brought(
            np.concatenate([self.blocks[block] for block in blocks]),
            one_after_another([one.lived for one in found]),
            self._more,
            np.concatenate(speaks_of) if len(speaks_of) == len(found) else None,
        )


def one_after_another(parts: Sequence[Lived]) -> Lived:
    """Return what the contributors of several blocks lived, actor by actor, too."""
    if len(parts) == 1:
        return parts[0]
    by_actor = zip(*(part.of_actors for part in parts), strict=True)
    return Lived(
        np.concatenate([part.returns for part in parts]),
        np.concatenate([part.episodes for part in parts]),
        np.concatenate([part.lengths for part in parts]),
        np.concatenate([part.steps for part in parts]),
        tuple(digest for part in parts for digest in part.digests),
        tuple(filtered for part in parts for filtered in part.filtered),
        tuple(one_after_another(of_actor) for of_actor in by_actor),
    )
