"""What is run: how far lies go, who is attacked by whom, and how long everybody learns."""

from dataclasses import dataclass, field
from typing import ClassVar

from rallypoint.agents.adversary.defended import WAYS
from rallypoint.config import Config, check_least
from rallypoint.errors import InvalidConfig, did_you_mean

DEFENCES: tuple[str, ...] = tuple(way for way in WAYS if way != "plain")


@dataclass(frozen=True, kw_only=True)
class TeamConfig(Config):
    """The part on pathfinding; claims are made for the defaults."""

    claimed: ClassVar[tuple[float, float]] = (0.1, 0.2)

    epsilons: tuple[float, ...] = (0.1, 0.2, 0.3)  # largest lie, l_inf, in every entry
    episodes: int = 50  # of each team under each attack
    copies: int = 16  # in which each team, attacker and judge learns
    rounds: int = 40  # of PPO, 64 steps in each copy
    attacker_rounds: int = 20  # of an attacker's PPO
    defences: tuple[str, ...] = DEFENCES  # ways of training
    kappa: float = 0.1  # sa_ppo: price of a change, per nat
    defended_at: float = 0.2  # largest lie in training, and under attack, of defended teams
    certified_at: tuple[float, ...] = (0.001, 0.003, 0.01, 0.03)  # lies small enough to certify

    def __post_init__(self) -> None:
        """Refuse a setting that cannot be run.

        Raises:
            InvalidConfig: says what must hold.
        """
        _check(self)
        if not self.certified_at or min(self.certified_at) <= 0:
            raise InvalidConfig(f"certified_at are sizes > 0, got {self.certified_at}")


@dataclass(frozen=True, kw_only=True)
class PerceptionConfig(Config):
    """One setting of the experiment, on CartPole and, in ``team``, on pathfinding."""

    claimed: ClassVar[tuple[float, float]] = (0.2, 0.5)

    # Largest lie, l_inf, in units of 1 m, 1 m/s, 0.1 rad and 1 rad/s.
    epsilons: tuple[float, ...] = (0.1, 0.2, 0.3, 0.5)
    episodes: int = 10  # of each agent under each attack
    copies: int = 8  # in which each agent, attacker and judge learns
    rounds: int = 60  # of PPO, 128 steps in each copy
    attacker_rounds: int = 40  # of an attacker's PPO
    defences: tuple[str, ...] = DEFENCES  # ways of training
    kappa: float = 0.3  # sa_ppo: price of a change, per nat
    defended_at: float = 0.2  # largest lie in training, and under attack, of defended agents
    team: TeamConfig = field(default_factory=TeamConfig)  # four agents on pathfinding
    worlds: tuple[str, ...] = ("cartpole", "pathfinding")  # which are run
    kept: str = ""  # a folder of finished pieces, to go on from where it was stopped; empty: none

    def __post_init__(self) -> None:
        """Refuse a setting that cannot be run.

        Raises:
            InvalidConfig: says what must hold.
        """
        _check(self)
        known = ("cartpole", "pathfinding")
        for world in self.worlds:
            if world not in known:
                raise InvalidConfig(
                    f"worlds are among {known}, got {world!r}{did_you_mean(world, known)}"
                )
        if not self.worlds or len(set(self.worlds)) < len(self.worlds):
            raise InvalidConfig(f"worlds are one or more different ones, got {self.worlds}")


Budgets = TeamConfig | PerceptionConfig


def _check(config: "Budgets") -> None:
    is_set = len(set(config.epsilons)) == len(config.epsilons)
    if not is_set or not set(config.claimed) <= set(config.epsilons) or min(config.epsilons) <= 0:
        raise InvalidConfig(
            f"epsilons are different sizes > 0 and contain {config.claimed}, which claims are made "
            f"at; got {config.epsilons}"
        )
    if config.defended_at not in config.epsilons:
        raise InvalidConfig(
            f"defended_at is one of the epsilons {config.epsilons}, got {config.defended_at}"
        )
    for way in config.defences:
        if way not in DEFENCES:
            hint = did_you_mean(way, DEFENCES)
            raise InvalidConfig(f"defences are among {DEFENCES}, got {way!r}{hint}")
    check_least(config, 0, "kappa")
    check_least(config, 1, "episodes", "copies", "rounds", "attacker_rounds")
