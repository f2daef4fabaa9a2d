"""What is run: how many peers, of whom some lie, for how many rounds."""

from dataclasses import dataclass

from rallypoint.config import Config, check_least, check_within
from rallypoint.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class PeersConfig(Config):
    """One setting of the experiment; its claims are made for the defaults."""

    peers: int = 11  # just enough for MoNNA to bring the honest together
    f: int = 2  # of them lie, where any do
    rounds: int = 60
    episodes: int = 8  # behind each update
    exchanges: int = 3  # of parameters in a round, where peers agree by MDA
    rate: float = 1e-2  # of each peer's Adam
    every_condition: bool = True  # or just those that tell most

    def __post_init__(self) -> None:
        """Refuse a setting that cannot be run."""
        if self.f < 1 or self.peers < 5 * self.f + 1:
            raise InvalidConfig(
                f"there are at least 5 f + 1 peers with f >= 1, got {self.peers} and f = {self.f}"
            )
        check_least(self, 10, "rounds")
        check_least(self, 1, "episodes", "exchanges")
        check_within(self, "(0, inf)", "rate")
