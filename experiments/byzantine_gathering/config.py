"""What is run: how many lie, in which way, and what the others do about it."""

from dataclasses import dataclass

from rallypoint.config import Config, check_least
from rallypoint.errors import InvalidConfig
from rallypoint.experiments.gathering.config import GatheringConfig


@dataclass(frozen=True, kw_only=True)
class ByzantineGatheringConfig(Config):
    """One setting of the experiment; the defaults are those its claims are made for."""

    num_agents: int = 10  # N, in training and test
    antagonists: tuple[int, ...] = (0, 1, 2, 3)  # in training, one number a cycle; () for none
    crowd: int = 20  # a larger N, trained as well and attacked by anti_goal only; 0 for none
    cells: int = 13  # L of the ring
    cycles: int = 1000  # training episodes of 5 L steps, with nobody hostile
    test_cycles: int = 150  # per seed and condition
    look_ahead_cycles: int = 40  # the same where attackers look ahead, which takes longer
    depth: int = 4  # steps that they look ahead
    depths: tuple[int, ...] = (2, 8)  # others, tried at f = 2 on trim_median
    declared: tuple[int, ...] = (0, 1, 2, 3, 4)  # f that is trimmed, true or not

    def __post_init__(self) -> None:
        """Refuse a setting that cannot be run."""
        check_least(self, 6, "num_agents")
        if self.crowd and self.crowd <= self.num_agents:
            raise InvalidConfig(f"crowd is more than {self.num_agents}, or 0, got {self.crowd}")
        check_least(self, 1, "test_cycles", "look_ahead_cycles", "depth", "cycles")
        rising = sorted(set(self.declared))
        if list(self.declared) != rising or not {1, 2} <= set(rising) or rising[-1] >= self.most:
            raise InvalidConfig(
                f"declared are different numbers of agents, rising, 1 and 2 among them, below "
                f"{self.most}; got {self.declared}"
            )
        if any(not 0 <= number <= self.most for number in self.antagonists):
            raise InvalidConfig(
                f"antagonists are numbers of agents in 0..{self.most}, got {self.antagonists}"
            )
        if any(depth < 1 for depth in self.depths):
            raise InvalidConfig(f"depths are integers >= 1, got {self.depths}")
        _ = self.gathering

    @property
    def most(self) -> int:
        """Half of the agents: with as many liars nobody can tell who is honest."""
        return self.num_agents // 2

    @property
    def gathering(self) -> GatheringConfig:
        """What the team that is attacked has learned, and how."""
        return GatheringConfig(num_agents=self.num_agents, cells=self.cells, cycles=self.cycles)
