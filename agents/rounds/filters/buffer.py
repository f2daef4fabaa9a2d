"""A buffer of the last update of each contributor, for a robust rule that need not wait for all."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from rallypoint.agents.rounds.filters.dampening import Dampening
from rallypoint.agents.rounds.filters.memory import Dated
from rallypoint.batch_env import Snapshot
from rallypoint.config import Config
from rallypoint.errors import InvalidConfig


class Held(NamedTuple):
    """What is in the buffer."""

    last: tuple[Dated | None, ...]  # (n,) each contributor's newest update
    new: frozenset[int]  # contributors that have sent one since the last combination


@dataclass(frozen=True, kw_only=True)
class Buffer(Config):
    """Which updates a robust rule combines, and when, if they come one by one.

    Each contributor has one place, so liars gain nothing by haste. The rule is asked when at least
    ``size`` contributors are in the buffer, and ``fresh`` of them have sent something new since it
    was asked last; with fresh = size no update is used twice. Updates found on too old versions
    leave; the others count for less, the older they are.

    Our own; waiting for distinct contributors before a robust rule is asked is in the setting of
    Yang & Li (2021), "BASGD: buffered asynchronous SGD for Byzantine learning", arXiv:2003.00937.
    """

    size: int | None = None  # least number of contributors combined; 2 f + 1 if not given
    fresh: int = 1  # of them with something new; 0 stands for all of size
    keep: int = 64  # versions; an update found on an older one leaves
    dampening: Dampening = field(default_factory=Dampening)

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            InvalidConfig: says what must hold.
        """
        if (self.size is not None and self.size < 1) or self.fresh < 0 or self.keep < 1:
            raise InvalidConfig(
                "size and keep are numbers >= 1 and fresh one >= 0, got "
                f"{self.size}, {self.keep} and {self.fresh}"
            )

    def least(self, f: int) -> int:
        """Return how many contributors are combined at least.

        Raises:
            InvalidConfig: fewer than 2 f + 1, of which the liars could be half; or more fresh ones
                than are waited for.
        """
        least = 2 * f + 1 if self.size is None else self.size
        if least < 2 * f + 1:
            raise InvalidConfig(
                f"a buffer of size = {least} may hold {f} liars, half or more; take {2 * f + 1}"
            )
        if self.fresh > least:
            raise InvalidConfig(
                f"fresh = {self.fresh} is at most the size of the buffer, {least}; lower it"
            )
        return least

    def empty(self, contributors: int) -> Held:
        """Return the buffer before the first update."""
        return Held((None,) * contributors, frozenset())

    def put(self, held: Held, contributor: int, found: Dated) -> Held:
        """Put an update in its contributor's place."""
        last = (*held.last[:contributor], found, *held.last[contributor + 1 :])
        return Held(last, held.new | {contributor})

    def ready(self, held: Held, current: int, *, f: int) -> dict[int, Dated] | None:
        """Return what is to be combined at a version, by contributor; None: not yet."""
        young = {
            contributor: found
            for contributor, found in enumerate(held.last)
            if found is not None and current - found.version < self.keep
        }
        least = self.least(f)
        if len(young) < least or len(held.new & set(young)) < (self.fresh or least):
            return None
        return young

    def combined(self, held: Held) -> Held:
        """Return the buffer after a combination."""
        return held._replace(new=frozenset())


def snapshot(held: Held) -> Snapshot:
    """Return a buffer as arrays."""
    told = [found.update for found in held.last if found is not None]
    nothing = np.zeros_like(told[0]) if told else np.zeros(0, dtype=np.float32)
    rows = [found or Dated(-1, nothing) for found in held.last]
    return {
        "last": np.stack([found.update for found in rows]),
        "last_on": np.array([found.version for found in rows]),
        "new": np.array(sorted(held.new), dtype=np.int64),
    }


def restored(snapshot: Snapshot) -> Held:
    """Return the buffer of a snapshot."""
    rows = zip(snapshot["last_on"].tolist(), snapshot["last"].copy(), strict=True)
    last = tuple(None if version < 0 else Dated(version, row) for version, row in rows)
    return Held(last, frozenset(snapshot["new"].tolist()))
