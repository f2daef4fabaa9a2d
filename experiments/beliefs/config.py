"""What is run: how long a team learns, from how many episodes, and how fast."""

from dataclasses import dataclass

from rallypoint.config import Config, check_least, check_within
from rallypoint.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class BeliefsConfig(Config):
    """One setting of the experiment; its claims are made for the defaults."""

    rounds: int = 200  # of learning, one episode in every copy each
    copies: int = 64
    steps: int = 20  # of an episode
    hostile: float = 0.5  # probability that one of the two is, in an episode
    learning_rate: float = 3e-3  # of PPO, falling to a fifteenth
    belief_rate: float = 2e-3  # of Adam, for beliefs
    belief_passes: int = 2  # gradient steps of beliefs in each round
    evaluated: int = 1000  # episodes, afterwards

    def __post_init__(self) -> None:
        """Refuse a setting that cannot be run."""
        check_least(self, 1, "rounds", "copies", "steps", "belief_passes", "evaluated")
        if not 0 < self.hostile <= 1:
            raise InvalidConfig(f"hostile is a probability > 0, got {self.hostile}")
        check_within(self, "(0, inf)", "learning_rate", "belief_rate")
