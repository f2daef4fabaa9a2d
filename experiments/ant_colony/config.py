"""What is run: how large colonies are, how long they live and whom they lose."""

from dataclasses import dataclass

from rallypoint.config import Config, check_least
from rallypoint.errors import InvalidConfig

NEEDS = (0.30, 0.15, 0.15)  # by how much each stimulus grows in a step; foraging is task 1
EFFICIENCY = 1 / 60  # by how much a worker lowers it
ROLES = (30, 15, 15)  # of the colony with a plan, which has idle hands nowhere


@dataclass(frozen=True, kw_only=True)
class AntColonyConfig(Config):
    """One setting of the experiment; the defaults are those its claims are made for."""

    colonies: int = 16  # of each seed, in every condition
    steps: int = 1200  # of an episode; half of them before the loss
    foragers: int = 15  # that are killed
    losses: tuple[int, ...] = (0, 6, 12, 15, 18, 21, 24, 27, 30)  # ants of 60 that are lost
    training: int = 1_000_000  # agent steps of PPO

    def __post_init__(self) -> None:
        """Refuse a setting that cannot be run."""
        check_least(self, 1, "colonies", "training")
        if self.steps < 400 or self.steps % 4:
            raise InvalidConfig(f"steps is a multiple of 4, from 400 on, got {self.steps}")
        if not 1 <= self.foragers < ROLES[0]:
            raise InvalidConfig(f"foragers lie in 1..{ROLES[0] - 1}, got {self.foragers}")
        rises = sorted(set(self.losses)) == list(self.losses)
        if not rises or not self.losses or not 0 <= self.losses[0] <= self.losses[-1] < sum(ROLES):
            raise InvalidConfig(
                f"losses are numbers of ants in 0..{sum(ROLES) - 1}, from few to many, got "
                f"{self.losses}"
            )
