"""How much is run; what is claimed of it, and from which threshold on, is in the parts."""

from dataclasses import dataclass, fields

from rallypoint.config import Config, check_least
from rallypoint.errors import InvalidConfig

FLOOR = 0.2  # of exploration, in training and, where the first pillar stands, for ever


@dataclass(frozen=True, kw_only=True)
class VirtuousConfig(Config):
    """Budgets; the defaults are those that the claims are made for."""

    episodes: int = 3_000  # V1, V2: of training, at a floor of 0.2
    deployed: int = 400  # V1, V2: episodes of each seed, with learning over
    escapes: int = 400  # V1, V2: of each seed, up to 100 steps from inside the danger
    floors: tuple[float, ...] = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4)  # V1: of exploration
    cycles: int = 1_000  # V3: of training, 65 steps each
    test_cycles: int = 200  # V3: attacked, of each seed
    share: float = 0.2  # V3: of observations that are lies
    test_epsilon: float = 0.02  # V3: exploration; greedy teams have limit cycles

    def __post_init__(self) -> None:
        """Refuse a budget that buys nothing.

        Raises:
            InvalidConfig: says which.
        """
        for field in fields(self):
            if isinstance(getattr(self, field.name), int):
                check_least(self, 1, field.name)
        if 0.0 not in self.floors or not all(0 <= floor < 1 for floor in self.floors):
            raise InvalidConfig(
                f"floors are shares in [0, 1), 0 among them, since no floor is what is compared "
                f"with; got {self.floors}"
            )
        if not 0 < self.share <= 1 or not 0 <= self.test_epsilon <= 1:
            raise InvalidConfig("share lies in (0, 1], and test_epsilon in [0, 1]")
