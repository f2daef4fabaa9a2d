"""Tables on the way: what was learned when a training had come so far."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from rallypoint.draws import Floats, Integers, Mask
from rallypoint.errors import InvalidConfig


@dataclass(kw_only=True)
class Snapshots:
    """What each copy had learned when it had finished so many episodes, or steps.

    Copies end apart: each row is from the moment at which its own copy had come so far.
    """

    at: Sequence[int]  # episodes or steps, whichever the training counts
    tables: list[Floats] = field(default_factory=list)  # of each mark: (E, N, S, A) to act by

    def check(self, length: int) -> None:
        """Refuse marks that a training of so many episodes, or steps, does not come to.

        Raises:
            InvalidConfig: says which; or it holds another training's tables already.
        """
        for mark in self.at:
            is_number = isinstance(mark, int | float | np.number)
            if not (is_number and 1 <= mark <= length and mark % 1 == 0):
                raise InvalidConfig(
                    f"snapshots are taken at whole numbers in 1..{length} of this training, got "
                    f"{mark}"
                )
        if self.tables:
            raise InvalidConfig(
                "these snapshots hold the tables of another training; give Snapshots(at=…) anew"
            )

    def take(self, finished: Integers, rows: Mask, values: Callable[[], Floats]) -> None:
        """Keep the tables of those of the marked copies (E,) that have just come to a mark."""
        for place, mark in enumerate(self.at):
            due = rows & (finished == mark)
            if due.any():
                now = values()
                while len(self.tables) <= place:
                    self.tables.append(np.full(now.shape, np.nan))
                self.tables[place][due] = now[due]
