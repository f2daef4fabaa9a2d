"""What is run: platforms with their users, and how many of these lie."""

from dataclasses import dataclass

from rallypoint.config import Config, check_least
from rallypoint.errors import InvalidConfig

USERS = 60
TOPICS = 4
MEAN = "mean"
COMPARING = ("nan_trimmed_mean", "geometric_median", "multi_krum", "nnm+median")
ERASING = ("trimmed_mean", "median")  # coordinate rules to which silence is a vote
ROBUST = (*COMPARING, "trimmed_mean")


@dataclass(frozen=True, kw_only=True)
class RecommenderConfig(Config):
    """One setting of the experiment; the defaults are those its claims are made for."""

    platforms: int = 4  # of each seed, in every condition
    rounds: int = 100  # slates and clicks
    liars: int = 5  # users, and what rules are told to tolerate
    minority: int = 12  # users with tastes of their own
    clicks: tuple[int, ...] = (10, 100, 1000)  # of a promoter on one place, where others click once
    apart: tuple[float, ...] = (0.0, 0.5, 1.0)  # how different the minority is, 1: nothing shared

    def __post_init__(self) -> None:
        """Refuse a setting that cannot be run."""
        check_least(self, 1, "platforms", "liars")
        check_least(self, 8, "rounds")
        rises = sorted(set(self.clicks)) == list(self.clicks)
        if len(self.clicks) < 2 or not rises or self.clicks[0] < 1:
            raise InvalidConfig(
                f"clicks are at least two numbers >= 1, the fewer first, got {self.clicks}"
            )
        if not self.apart or not all(0 <= share <= 1 for share in self.apart):
            raise InvalidConfig(f"apart is how different, shares in [0, 1], got {self.apart}")
        self._refuse_empty_groups()

    def _refuse_empty_groups(self) -> None:
        if not self.liars < self.minority:
            raise InvalidConfig(
                f"liars pretend to be of the minority in one condition, and some of its "
                f"{self.minority} users must be left; got {self.liars} liars"
            )
        largest = max(self.minority, 2 * self.liars + 1)
        if 2 * largest + self.liars >= USERS:
            raise InvalidConfig(
                f"of {USERS} users the honest majority must be more than half, which it is not "
                f"where {largest} are of the minority and {self.liars} lie; make either smaller"
            )
