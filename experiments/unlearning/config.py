"""What is run: how much is forgotten, and by how many gradients."""

from dataclasses import dataclass

from rallypoint.config import Config, check_least
from rallypoint.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class UnlearningConfig(Config):
    """One setting of the experiment; the defaults are those its claims are made for."""

    problems: int = 20  # of each seed, with data of their own
    shares: tuple[float, ...] = (0.01, 0.05, 0.2)  # of the data that are forgotten
    steps: int = 2000  # gradients of single samples
    teammates: int = 10  # whom a policy is imitated from; one of them lies
    episodes: int = 100  # that a policy is tested in

    def __post_init__(self) -> None:
        """Refuse a setting that cannot be run."""
        check_least(self, 1, "problems", "steps", "episodes")
        check_least(self, 3, "teammates")
        if not self.shares or not all(0 < share < 0.5 for share in self.shares):
            raise InvalidConfig(f"shares lie in (0, 0.5), got {self.shares}")
