"""What is run: how many replicas, of whom one lies, for how many rounds."""

from dataclasses import dataclass

from rallypoint.config import Config, check_least
from rallypoint.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class ByzantineServersConfig(Config):
    """One setting of the experiment; its claims are made for the defaults."""

    servers: int = 5  # of which at most one lies
    contributors: int = 10
    f: int = 2  # of them that are tolerated
    rounds: int = 60
    episodes: int = 8  # behind each update
    seldom: int = 10  # rounds between contractions, where these are seldom
    rate: float = 1e-2  # of the servers' Adam
    plain_rate: float = 3.0  # of plain descent, which filters at workers assume
    every_condition: bool = True  # or just those that claims about return are made of

    def __post_init__(self) -> None:
        """Refuse a setting that cannot be run."""
        if self.servers < 5 or self.f < 1 or self.contributors < 3 * self.f + 1:
            raise InvalidConfig(
                "there are at least 5 servers, for one that lies, and 3 f + 1 contributors with "
                f"f >= 1; got {self.servers}, {self.contributors} and f = {self.f}"
            )
        check_least(self, 10, "rounds")
        check_least(self, 1, "episodes", "seldom")
        if not (min(self.rate, self.plain_rate) > 0 and self.rate + self.plain_rate < float("inf")):
            raise InvalidConfig(f"rates are finite and > 0, got {self.rate} and {self.plain_rate}")
