"""What is run: how many contributors, how late, on which problems."""

from dataclasses import dataclass

from rallypoint.config import Config, check_least
from rallypoint.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class KardamConfig(Config):
    """One setting of the experiment; its claims are made for the defaults."""

    contributors: tuple[int, ...] = (4, 7)  # n
    liars: tuple[int, ...] = (1, 2)  # f = f_real beside each n
    staleness: float = 6.0  # versions in the mean, normal, in the paper's setting
    deviation: float = 2.0  # of it
    dimension: int = 50  # of the quadratic, with curvatures from 0.1 to 1
    noise: float = 0.2  # deviation of its gradients, in each coordinate
    rate: float = 0.1  # of descent on it
    arrivals: int = 3000  # gradients on it, at most
    gradients: int = 500  # of policies
    policy_rate: float = 1e-2  # of Adam, where each gradient is applied once
    buffer_rate: float = 3e-3  # where each is combined with others again and again
    episodes: int = 8  # behind each of them

    def __post_init__(self) -> None:
        """Refuse a setting that cannot be run."""
        if len(self.liars) != len(self.contributors) or not self.contributors:
            raise InvalidConfig(
                f"liars has a number for each of contributors, got {self.liars} and "
                f"{self.contributors}"
            )
        for n, f in zip(self.contributors, self.liars, strict=True):
            if f < 1 or n < 3 * f + 1 or n >= 1 << 10:
                raise InvalidConfig(
                    f"there are f >= 1 liars among 3 f + 1 <= n < 1024, got {f} among {n}"
                )
        check_least(self, 1, "dimension", "arrivals", "episodes")
        check_least(self, 10, "gradients")
        check_least(self, 0, "staleness", "deviation", "noise")
        check_least(self, 0, "rate", "policy_rate", "buffer_rate")
