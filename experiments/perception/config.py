"""What is run: how far lies go, who is attacked by whom, and how long everybody learns."""

from dataclasses import dataclass

from rallypoint.agents.adversary.defended import WAYS
from rallypoint.errors import InvalidConfig

SCALE = (1.0, 1.0, 0.1, 1.0)  # of m, m/s, rad and rad/s: a tenth of a radian is half of a fall
CLAIMED = (0.2, 0.5)  # sizes of lies that claims are made at


@dataclass(frozen=True, kw_only=True)
class PerceptionConfig:
    """One setting of the experiment, on CartPole; claims are made for the defaults."""

    # Largest lie, l_inf, in units of 1 m, 1 m/s, 0.1 rad and 1 rad/s.
    epsilons: tuple[float, ...] = (0.1, 0.2, 0.3, 0.5)
    episodes: int = 10  # of each agent under each attack
    copies: int = 8  # in which each agent, attacker and judge learns
    rounds: int = 60  # of PPO, 128 steps in each copy
    attacker_rounds: int = 40  # of an attacker's PPO
    defences: tuple[str, ...] = tuple(way for way in WAYS if way != "plain")
    kappa: float = 0.3  # sa_ppo: price of a change, per nat
    defended_at: float = 0.2  # largest lie in training, and under attack, of defended agents

    def __post_init__(self) -> None:
        """Refuse a setting that cannot be run.

        Raises:
            InvalidConfig: says what must hold.
        """
        if not set(CLAIMED) <= set(self.epsilons) or min(self.epsilons) <= 0:
            raise InvalidConfig(
                f"epsilons are sizes > 0 and contain {CLAIMED}, which claims are made at; got "
                f"{self.epsilons}"
            )
        if self.defended_at not in self.epsilons:
            raise InvalidConfig(
                f"defended_at is one of the epsilons {self.epsilons}, got {self.defended_at}"
            )
        if wrong := set(self.defences) - set(WAYS) | ({"plain"} & set(self.defences)):
            known = tuple(way for way in WAYS if way != "plain")
            raise InvalidConfig(f"defences are among {known}, got {sorted(wrong)}")
        for name in ("episodes", "copies", "rounds", "attacker_rounds"):
            if getattr(self, name) < 1:
                raise InvalidConfig(f"{name} is a number >= 1, got {getattr(self, name)}")
