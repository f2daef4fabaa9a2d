"""What is run: how long games are, and how many of them."""

from dataclasses import dataclass

from rallypoint.config import Config, check_least, check_within
from rallypoint.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class IncentivesConfig(Config):
    """One setting of the experiment; the defaults are those its claims are made for."""

    games: int = 20  # of each seed, in every condition
    horizons: tuple[int, ...] = (2_500, 10_000, 40_000)  # rounds
    bribe: float = 0.1  # that a lying agent asks for
    interrupted_interest: float = 0.4  # what being interrupted is worth to an agent, of 1

    def __post_init__(self) -> None:
        """Refuse a setting that cannot be run."""
        check_least(self, 1, "games")
        rises = sorted(set(self.horizons)) == list(self.horizons)
        if len(self.horizons) < 2 or not rises or self.horizons[0] < 500:
            raise InvalidConfig(
                "horizons are at least two numbers of rounds, from 500 on, the shorter ones first, "
                f"got {self.horizons}"
            )
        check_within(self, "(0, 0.5)", "bribe", "interrupted_interest")
