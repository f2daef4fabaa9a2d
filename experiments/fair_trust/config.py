"""What is run: who contributes, how different the minority is, and how far liars lie."""

from dataclasses import dataclass

from rallypoint.config import Config, check_least
from rallypoint.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class FairTrustConfig(Config):
    """One setting of the experiment; the defaults are those its claims are made for."""

    majority: int = 30  # contributors
    minority: int = 6  # with other sensors, and no less honest
    byzantine: int = 4
    entries: int = 20  # of an update
    rounds: int = 200  # to calibrate trust by, and as many to test it in
    offset: float = 4.0  # of the minority's updates, in honest standard deviations
    lie: float = 6.0  # of the Byzantine, likewise
    apart: float = 3.0  # mean sensor reading of the minority, in standard deviations
    sacrificed: float = 0.1  # share of the honest that the threshold of trust throws out

    def __post_init__(self) -> None:
        """Refuse a setting that cannot be run."""
        check_least(self, 2, "majority", "minority", "byzantine", "entries", "rounds")
        if self.minority + self.byzantine >= self.majority:
            raise InvalidConfig(
                "the majority outnumbers minority and Byzantine together, got "
                f"{self.majority}, {self.minority} and {self.byzantine}"
            )
        if not 0 < self.sacrificed < 0.5:
            raise InvalidConfig(f"sacrificed is a share in (0, 0.5), got {self.sacrificed}")
