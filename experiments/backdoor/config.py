"""What is run: how much is poisoned, and how long is learned."""

from dataclasses import dataclass

from rallypoint.config import Config, check_least
from rallypoint.errors import InvalidConfig
from rallypoint.safety.threats.backdoor.occasions import SPREADS, Spread

MARKS = 32  # three of four entries, each at either end


@dataclass(frozen=True, kw_only=True)
class BackdoorConfig(Config):
    """One setting of the experiment; the defaults are those its claims are made for."""

    workers: int = 4  # one of which is Byzantine
    copies: int = 4  # of each worker
    rounds: int = 40  # of PPO, 128 steps in each copy
    poisoned: float = 0.1  # of the Byzantine worker's steps
    size: float = 10.0  # of the reward that is told there
    share: float = 0.05  # of an action's steps that detectors assume to be poisoned, at most
    episodes: int = 32  # that a policy is tested in
    spreads: tuple[Spread, ...] = SPREADS  # over the training, in which steps are poisoned
    marks: int = 16  # of the owner's watermark
    kept: str = ""  # a folder in which what is finished is kept, and gone on with

    def __post_init__(self) -> None:
        """Refuse a setting that cannot be run."""
        check_least(self, 2, "workers")
        check_least(self, 1, "copies", "rounds", "episodes")
        if not 0 < self.poisoned <= 1:
            raise InvalidConfig(f"poisoned is a share in (0, 1], got {self.poisoned}")
        if not 0 < self.share <= 1 / 3:
            raise InvalidConfig(f"share lies in (0, 1/3], got {self.share}")
        for spread in self.spreads:
            if spread not in SPREADS:
                raise InvalidConfig(f"spreads are of {SPREADS}, got {spread!r}")
        if "uniform" not in self.spreads:
            raise InvalidConfig("spreads hold 'uniform', which most claims are about")
        if not 1 <= self.marks <= MARKS:
            raise InvalidConfig(f"marks is a number in 1..{MARKS}, got {self.marks}")
        if not 0 < self.size < float("inf"):
            raise InvalidConfig(f"size is a finite reward > 0, got {self.size}")
