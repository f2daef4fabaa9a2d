"""Real delays: updates are heard in the order in which they come."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.agents.rounds.asking import Asking, Heard
from rallypoint.agents.rounds.delays import Arrivals, Coming, Delays, Loss
from rallypoint.agents.rounds.recorded import OUTCOMES, Entry, Outcome
from rallypoint.batch_env import Snapshot
from rallypoint.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class RealDelays(Delays):
    """As long as it takes: no two trainings need be alike, but each is written down."""

    known_when_ordered: ClassVar[bool] = True
    are_real: ClassVar[bool] = True

    def of(self, contributors: int, seed: int) -> Arrivals:
        """Refuse.

        Raises:
            InvalidConfig: always; whoever is asked says what comes.
        """
        del contributors, seed
        raise InvalidConfig("real delays are those of whoever is asked: see RealArrivals")


class RealArrivals(Arrivals):
    """Says what came of those who are asked, and keeps a record of it."""

    remembers_orders: ClassVar[bool] = False  # they have to be asked anew

    def __init__(self, asking: Asking) -> None:
        """Hear those who are asked here."""
        self.record: list[Entry] = []
        self._asking = asking
        self._versions: dict[int, int] = {}  # that contributors were asked at
        self._heard: Heard | None = None

    def order(self, contributor: int, version: int) -> None:
        """Take note that an update of a contributor is asked for, at a version."""
        self._versions[contributor] = version

    def next(self, current: int) -> Coming:
        """Wait for who comes first, while the server is at a version."""
        heard = self._heard = self._asking.first()
        version = self._versions.pop(heard.contributor)
        if heard.found is not None:
            self.record.append(Entry(heard.contributor, version, current))
            return Coming(heard.contributor, version)
        outcome: Outcome = "gone" if heard.is_gone else "failed"
        self.record.append(Entry(heard.contributor, version, current, outcome))
        return Coming(heard.contributor, version, Loss(heard.is_gone, heard.reason))

    def take(self) -> Heard:
        """Return what came last."""
        assert self._heard is not None, "something has come"
        return self._heard

    def snapshot(self) -> Snapshot:
        """Return the record; whoever is under way is asked anew."""
        rows = [(*entry[:3], OUTCOMES.index(entry.outcome)) for entry in self.record]
        return {"record": np.array(rows, dtype=np.int64).reshape(-1, 4)}

    def restore(self, snapshot: Snapshot) -> None:
        """Go on with a record."""
        self._versions.clear()
        self.record = [
            Entry(contributor, version, at, OUTCOMES[outcome])
            for contributor, version, at, outcome in snapshot["record"].tolist()
        ]
