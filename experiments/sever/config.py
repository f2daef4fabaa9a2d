"""What is run: who contributes how many trajectories, and how loud lies are."""

from dataclasses import dataclass

from rallypoint.config import Config, check_least, check_within

WAYS = ("mean", "across", "inside", "both")  # of keeping lies out


@dataclass(frozen=True, kw_only=True)
class SeverConfig(Config):
    """One setting of the experiment; the defaults are those its claims are made for."""

    contributors: int = 10
    trajectories: int = 60  # of each contributor, all at one policy
    share: float = 0.1  # of trajectories, or of contributors, that may be lies
    rounds: int = 30  # that policies are learned for
    factor: float = 10.0  # by which loud lies stretch the reward they reverse; quiet ones by 1

    def __post_init__(self) -> None:
        """Refuse a setting that cannot be run."""
        check_least(self, 3, "contributors")
        check_least(self, 10, "trajectories")
        check_least(self, 1, "rounds")
        check_within(self, "(0, 0.2]", "share")
        check_within(self, "(0, inf)", "factor")

    @property
    def liars(self) -> int:
        """Contributors that lie where whole contributors do."""
        return max(1, round(self.share * self.contributors))
