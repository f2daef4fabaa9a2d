"""How much is run; what is claimed of it, and from which threshold on, is in the parts."""

from dataclasses import dataclass, fields

from rallypoint.config import Config, check_least
from rallypoint.errors import InvalidConfig

_LEFT_OUT_IF_0 = frozenset({"push_episodes", "crowd_episodes", "joint_corridor_episodes"})


@dataclass(frozen=True, kw_only=True)
class InterruptibilityConfig(Config):
    """Budgets; the defaults are those that the claims are made for."""

    episodes: int = 300  # S1, of training; 100 is the least at which all cells are learned
    schedule_episodes: int = 1200  # S1, over which exploration falls from everything to nothing
    gambles: int = 500  # S1, in each of 20 copies per seed
    asymptotic_steps: int = 10_000  # S2
    frozen_rounds: int = 200_000  # D1, of the matching game per seed and theta
    updates: int = 500  # D2, kept updates of a table in each arm of a test
    repetitions: int = 10  # D2, tests of tables per seed
    deep_repetitions: int = 4  # D2, tests per seed of networks that depend on interruptions
    deep_pairs: int = 200  # D2, of minibatches in a test of networks
    deep_true_repetitions: int = 5  # D2, tests per seed of networks that do not
    exploration_steps: int = 1_000_000  # D3, of the matching game per seed and schedule
    joint_repetitions: int = 4  # D5, tests per seed
    joint_updates: int = 4_000  # D5, in pairs, in each arm of a test
    price_rounds: int = 20_000  # D6, of the matching game per seed
    road_steps: int = 20_000  # D4
    corridor_episodes: int = 4_000  # C1, of two agents
    push_episodes: int = 4_000  # C1, of two agents that can push; 0: left out
    crowd_episodes: int = 3_000  # C1, of three agents; 0: left out
    joint_corridor_episodes: int = 4_000  # C1, of two learners of joint actions; 0: left out
    meta_episodes: int = 512  # T1, T2, of 64 mini-episodes each
    tolls: tuple[float, ...] = (0.0, 0.1, 0.3, 0.5)  # T2, share of each coin
    pulls: int = 3000  # O1, of each action in each cell; its claim is made for 1,000

    def __post_init__(self) -> None:
        """Refuse a budget that buys nothing.

        Raises:
            InvalidConfig: says which.
        """
        for field in fields(self):
            if isinstance(getattr(self, field.name), int):
                check_least(self, 0 if field.name in _LEFT_OUT_IF_0 else 1, field.name)
        if not all(0 <= toll < 1 for toll in self.tolls) or len(set(self.tolls)) < len(self.tolls):
            raise InvalidConfig(f"tolls are different shares in [0, 1), got {self.tolls}")
        if self.exploration_steps <= 1000:
            raise InvalidConfig(
                "exploration_steps are more than the 1,000 from which on new visits are counted, "
                f"got {self.exploration_steps}"
            )
