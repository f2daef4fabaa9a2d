"""What a protocol wants to be told when its time has come."""

from rallypoint.agents.rounds.protocols import Due, Remind


class Reminders:
    """Reminders by a clock of whoever delivers, in seconds."""

    def __init__(self) -> None:
        self._kept: list[tuple[float, Due]] = []

    def add(self, reminder: Remind, now: float) -> None:
        """Keep one."""
        due = Due(reminder.version, reminder.about)
        self._kept.append((now + reminder.seconds, due))

    def take(self, now: float) -> Due | None:
        """Return the first whose time has come, and forget it."""
        first = min(self._kept, key=lambda kept: kept[0], default=None)
        if first is None or first[0] > now:
            return None
        self._kept.remove(first)
        return first[1]

    def seconds(self, now: float, at_most: float) -> float:
        """Return how long it is until the next, at most so long."""
        left = min((when - now for when, _ in self._kept), default=at_most)
        return max(0.0, min(left, at_most))

    def postpone(self, seconds: float) -> None:
        """Let all come later: nobody could have done anything meanwhile."""
        self._kept = [(when + seconds, due) for when, due in self._kept]

    def clear(self) -> None:
        """Forget all."""
        self._kept = []
