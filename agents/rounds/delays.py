"""Delays: in which order updates come, and how old they are; simulated ones by the seed."""

import heapq
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from rallypoint.batch_env import Snapshot
from rallypoint.config import Config
from rallypoint.draws import stream
from rallypoint.errors import InvalidConfig

KEPT = 64  # versions of the parameters that are remembered, where nothing asks for more


class Loss(NamedTuple):
    """Why an update does not come."""

    is_gone: bool  # whoever computed it; else it raised, or answered what is no update
    reason: str


class Coming(NamedTuple):
    """Whose update comes next, and which version it was found on; or that it will not come."""

    contributor: int
    version: int
    loss: Loss | None = None


class Delays(Config, ABC):
    """Settings by which somebody is made who says what comes next."""

    # Whether an update is found on the version that it is ordered at, so that it can begin there.
    known_when_ordered: ClassVar[bool] = False
    # Whether they are what they are: a version may be older than any that is remembered.
    are_real: ClassVar[bool] = False

    @property
    def keep(self) -> int:
        """How many versions of the parameters are to be remembered."""
        return KEPT

    @abstractmethod
    def of(self, contributors: int, seed: int) -> "Arrivals":
        """Return the arrivals of so many contributors."""


class Arrivals(ABC):
    """Says which of the updates that were ordered comes next."""

    remembers_orders: ClassVar[bool] = True  # a snapshot has what was ordered and has not come

    @abstractmethod
    def order(self, contributor: int, version: int) -> None:
        """Take note that an update of a contributor is asked for, at a version."""

    @abstractmethod
    def next(self, current: int) -> Coming:
        """Return what comes next, while the server is at a version.

        Raises:
            InvalidConfig: nothing has been ordered.
        """

    @abstractmethod
    def snapshot(self) -> Snapshot:
        """Return everything needed to go on."""

    @abstractmethod
    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot."""


@dataclass(frozen=True, kw_only=True)
class DrawnDelays(Delays):
    """Any contributor is as likely next as another, and its version as old as is drawn.

    Staleness is normal, rounded, and no less than 0: N(6, 2) or N(12, 4), in the setting of
    Damaskinos et al. (2018), ICML, arXiv:1802.07928.
    """

    mean: float = 6.0  # versions
    deviation: float = 2.0

    def __post_init__(self) -> None:
        """Refuse delays that cannot be meant.

        Raises:
            InvalidConfig: says what must hold.
        """
        if not (0 <= self.mean < np.inf and 0 <= self.deviation < np.inf):
            raise InvalidConfig(
                f"mean and deviation are numbers >= 0, got {self.mean} and {self.deviation}"
            )

    def of(self, contributors: int, seed: int) -> "Arrivals":
        """Return the arrivals of so many contributors."""
        return _Drawn(self, contributors, seed)


class _Drawn(Arrivals):
    def __init__(self, delays: DrawnDelays, contributors: int, seed: int) -> None:
        self._delays = delays
        self._seed = seed
        self._came = 0
        self._waits = np.zeros(contributors, dtype=bool)

    def order(self, contributor: int, version: int) -> None:
        del version  # how old it is, is drawn when it comes
        self._waits[contributor] = True

    def next(self, current: int) -> Coming:
        ordered = np.flatnonzero(self._waits)
        _refuse_nothing(len(ordered))
        rng = stream(self._seed, "rounds/drawn-delays", self._came)
        self._came += 1
        contributor = int(ordered[int(rng.random() * len(ordered))])
        drawn = rng.normal(self._delays.mean, self._delays.deviation)
        self._waits[contributor] = False
        return Coming(contributor, max(0, current - max(0, round(drawn))))

    def snapshot(self) -> Snapshot:
        return {"came": np.array(self._came), "waits": self._waits.copy()}

    def restore(self, snapshot: Snapshot) -> None:
        self._came, self._waits = int(snapshot["came"]), snapshot["waits"].copy()


@dataclass(frozen=True, kw_only=True)
class ClockDelays(Delays):
    """Each contributor computes at its own pace, and each update takes it longer or less long.

    Times are log-normal: a contributor is slower than the median one by a factor of deviation
    ``contributors`` of its logarithm, each of its updates by one of deviation ``updates``. How old
    an update is follows from what the server applied meanwhile.
    """

    known_when_ordered: ClassVar[bool] = True

    contributors: float = 0.5  # deviation of the logarithm of a contributor's pace
    updates: float = 0.3  # of that of one update's time

    def __post_init__(self) -> None:
        """Refuse delays that cannot be meant.

        Raises:
            InvalidConfig: says what must hold.
        """
        if not (0 <= self.contributors < np.inf and 0 <= self.updates < np.inf):
            raise InvalidConfig(
                f"deviations of delays are numbers >= 0, got {self.contributors} and {self.updates}"
            )

    def of(self, contributors: int, seed: int) -> "Arrivals":
        """Return the arrivals of so many contributors."""
        return _Clock(self, contributors, seed)


class _Clock(Arrivals):
    def __init__(self, delays: ClockDelays, contributors: int, seed: int) -> None:
        self._delays = delays
        self._seed = seed
        self._now = 0.0
        self._asked = np.zeros(contributors, dtype=np.int64)
        self._due: list[tuple[float, int, int]] = []  # a heap of (time, contributor, version)
        self._pace = np.exp(
            [
                delays.contributors * stream(seed, "rounds/pace", each).standard_normal()
                for each in range(contributors)
            ]
        )

    def order(self, contributor: int, version: int) -> None:
        rng = stream(self._seed, "rounds/clock", contributor, int(self._asked[contributor]))
        self._asked[contributor] += 1
        takes = self._pace[contributor] * np.exp(self._delays.updates * rng.standard_normal())
        heapq.heappush(self._due, (self._now + float(takes), contributor, version))

    def next(self, current: int) -> Coming:
        del current
        _refuse_nothing(len(self._due))
        self._now, contributor, version = heapq.heappop(self._due)
        return Coming(contributor, version)

    def snapshot(self) -> Snapshot:
        under_way = [part for one in sorted(self._due) for part in one[1:]]
        return {
            "now": np.array(self._now),
            "asked": self._asked.copy(),
            "due": np.array([time for time, *_ in sorted(self._due)], dtype=np.float64),
            "under_way": np.array(under_way, dtype=np.int64).reshape(-1, 2),
        }

    def restore(self, snapshot: Snapshot) -> None:
        self._now = float(snapshot["now"])
        self._asked = snapshot["asked"].copy()
        times, under_way = snapshot["due"].tolist(), snapshot["under_way"].tolist()
        # Rising, and so a heap.
        self._due = [(time, *which) for time, which in zip(times, under_way, strict=True)]


DELAYS: dict[str, type[Any]] = {"drawn": DrawnDelays, "clock": ClockDelays}


def _refuse_nothing(ordered: int) -> None:
    if not ordered:
        raise InvalidConfig("nothing was ordered, so nothing comes; order an update first")
