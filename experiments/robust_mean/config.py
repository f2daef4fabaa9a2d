"""What is run: how many samples, how many of them are corrupt, in how many dimensions."""

from dataclasses import dataclass

from rallypoint.config import Config, check_within
from rallypoint.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class RobustMeanConfig(Config):
    """One setting of the experiment; its claims are made for the defaults."""

    samples: int = 2000  # n; at 4000 it takes four times as long, and 2 GB
    few: int = 500  # n for que, each of whose steps takes a whole spectrum, cubic in n
    share: float = 0.1  # epsilon, of samples that are corrupt
    dimensions: tuple[int, ...] = (16, 64, 256, 1024)  # d

    def __post_init__(self) -> None:
        """Refuse a setting that cannot be run."""
        check_within(self, "(0, 0.5)", "share")
        for name in ("samples", "few"):
            if getattr(self, name) * self.share < 2:
                raise InvalidConfig(
                    f"{name} must hold at least two corrupt ones, got {getattr(self, name)} with a "
                    f"share of {self.share}"
                )
        if (
            len(self.dimensions) < 2
            or self.dimensions[0] < 2
            or list(self.dimensions) != sorted(set(self.dimensions))
        ):
            raise InvalidConfig(
                f"dimensions are two or more different d >= 2, rising; got {self.dimensions}"
            )

    def corrupt(self, samples: int) -> int:
        """How many of so many samples are corrupt."""
        return round(self.share * samples)
