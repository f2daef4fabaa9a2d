"""What is run: how long agents learn, from how many episodes, and how fast."""

from dataclasses import dataclass

from rallypoint.config import Config, check_least, check_within


@dataclass(frozen=True, kw_only=True)
class ToyGameConfig(Config):
    """One setting of the experiment; its claims are made for the defaults."""

    rounds: int = 300  # of learning
    episodes: int = 32  # in each round, of 100 steps
    rate: float = 0.1  # of Adam, for learners that follow what they earn
    robust_rate: float = 5.0  # of the ascent against the worst partner, falling as 1 / sqrt(round)
    evaluated: int = 200  # episodes of each team with a traitor in it

    def __post_init__(self) -> None:
        """Refuse a setting that cannot be run."""
        check_least(self, 2, "rounds", "episodes")
        check_least(self, 1, "evaluated")
        check_within(self, "(0, inf)", "rate", "robust_rate")
