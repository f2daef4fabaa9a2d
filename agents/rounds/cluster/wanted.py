"""What contributors were asked, until there is an answer."""

from dataclasses import dataclass, field

import numpy as np

from rallypoint.agents.rounds.asking import Heard
from rallypoint.agents.rounds.cluster.crew import Member, Ref
from rallypoint.agents.rounds.cluster.stands import Stand
from rallypoint.agents.rounds.work import Task


@dataclass(eq=False)
class Wanted:
    """What a contributor was asked last, and has not answered."""

    contributor: int
    task: Task
    parameters: Ref
    patience: float  # seconds until it is asked elsewhere as well
    sent: float | None = None  # when an actor got it first
    waits_until: float = np.inf
    tried: set[Member] = field(default_factory=set)
    failures: int = 0
    doubted: bytes = b""  # numbers that came once, and are not finite

    def send(self, member: Member, now: float) -> None:
        """Take note that an actor got it."""
        self.tried.add(member)
        if self.sent is None:
            self.sent, self.waits_until = now, now + self.patience

    def postpone(self, seconds: float) -> None:
        """Wait longer: nobody could have been there meanwhile."""
        self.waits_until += seconds
        self.sent = None if self.sent is None else self.sent + seconds

    def is_late(self, now: float) -> bool:
        """Say whether it is to be asked elsewhere as well, and wait as long for that."""
        if now <= self.waits_until:
            return False
        self.waits_until = now + self.patience
        return True

    def is_overdue(self, now: float, deadline: float | None) -> bool:
        """Say whether an actor has had it for too long."""
        return deadline is not None and self.sent is not None and now - self.sent > deadline


@dataclass(frozen=True)
class Came:
    """An answer that nobody has taken yet."""

    heard: Heard
    stand: Stand | None  # where its fragment ended, if there is one
