"""What is run: who is honest, who is known to be, and what they learn."""

from dataclasses import dataclass

from rallypoint.config import Config, check_least, check_within
from rallypoint.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class ExpertsConfig(Config):
    """One setting of the experiment; its claims are made for the defaults."""

    contributors: int = 20  # n
    honest: int = 6  # all of them known to be, as experts; the others collude
    features: int = 20  # d, of the logistic regression that is learned
    batch: int = 32  # samples behind each update, and behind the server's own gradient
    noise: float = 0.05  # share of labels that are wrong, also for the honest
    rounds: int = 150  # of learning
    flip: int = 75  # round from which colluders lie who were honest before
    rate: float = 0.5  # of learning

    def __post_init__(self) -> None:
        """Refuse a setting that cannot be run."""
        if not 2 <= self.honest < self.contributors / 2:
            raise InvalidConfig(
                f"honest are at least two and a minority, got {self.honest} of {self.contributors}"
            )
        check_least(self, 1, "features", "batch")
        if not 0 <= self.noise < 0.5:
            raise InvalidConfig(f"noise is a share below one half, got {self.noise}")
        if not 1 <= self.flip < self.rounds:
            raise InvalidConfig(
                f"flip is a round in 1..{self.rounds - 1}, with rounds = {self.rounds}, "
                f"got {self.flip}"
            )
        check_within(self, "(0, inf)", "rate")

    @property
    def colluders(self) -> int:
        """How many lie: f_real."""
        return self.contributors - self.honest
