"""Where fragments have ended, so that no actor is the only place of anything."""

from collections.abc import Sequence
from typing import NamedTuple

from rallypoint.agents.rounds.blocks import Blocks
from rallypoint.agents.rounds.host import BEFORE_ALL, Recipe
from rallypoint.batch_env import Snapshot
from rallypoint.safety.receipts import Receipt


class Stand(NamedTuple):
    """Where a block's fragment ended."""

    round_number: int
    snapshot: Snapshot  # empty: at the start of everything


class Stands:
    """Where every block's last fragment has ended."""

    def __init__(self, recipe: Recipe, blocks: Blocks) -> None:
        """Stand at the start of everything."""
        self._recipe = recipe
        self._whom = [block.tolist() for block in blocks.blocks]
        self._stands = [Stand(BEFORE_ALL, {}) for _ in self._whom]

    def __getitem__(self, block: int) -> Stand:
        """Return where a block's has ended."""
        return self._stands[block]

    def __setitem__(self, block: int, stand: Stand) -> None:
        """Take note of where a block's has ended."""
        self._stands[block] = stand

    def ends(self) -> list[Snapshot]:
        """Return snapshots of all, as workshops would."""
        return [
            stand.snapshot or self._recipe.workshop(whom).snapshot()
            for whom, stand in zip(self._whom, self._stands, strict=True)
        ]

    def begin_at(self, ends: Sequence[Snapshot]) -> None:
        """Stand elsewhere."""
        self._stands = [Stand(BEFORE_ALL, dict(end)) for end in ends]

    def receipts(self) -> list[tuple[Receipt, ...]]:
        """Return what threats to the worlds did, block by block."""
        workshops = [self._recipe.workshop(whom) for whom in self._whom]
        for workshop, end in zip(workshops, self.ends(), strict=True):
            workshop.restore(end)
        return [workshop.receipts() for workshop in workshops]
