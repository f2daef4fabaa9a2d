"""What is run: how much is lost, by how many contributors, of whom some lie."""

from dataclasses import dataclass

from rallypoint.config import Config, check_least, check_within
from rallypoint.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class LossyTransportConfig(Config):
    """One setting of the experiment; its claims are made for the defaults."""

    losses: tuple[float, ...] = (0.0, 0.01, 0.05, 0.1)  # probability of each packet
    packet: int = 32  # coordinates, so that an update of 386 has 13 packets
    contributors: int = 10
    liars: int = 2  # f = f_real, who flip signs
    rounds: int = 60
    episodes: int = 8  # of each contributor in a round
    rate: float = 1e-2  # of the server's Adam
    transfers: int = 10  # timed, of updates of so many coordinates:
    size: int = 200_000  # in datagrams as large as they can be

    def __post_init__(self) -> None:
        """Refuse a setting that cannot be run."""
        rising = list(self.losses) == sorted(set(self.losses))
        if not rising or len(self.losses) < 2 or self.losses[0] or not self.losses[-1] < 1:
            raise InvalidConfig(f"losses rise from 0 to something below 1, got {self.losses}")
        if self.liars < 1 or self.contributors < 2 * self.liars + 3:
            raise InvalidConfig(
                "there are 2 f + 3 contributors or more, with f >= 1 liars; got "
                f"{self.contributors} and {self.liars}"
            )
        check_least(self, 10, "rounds")
        check_least(self, 1, "packet", "episodes", "transfers", "size")
        check_within(self, "(0, inf)", "rate")
