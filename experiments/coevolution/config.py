"""What is run: how far lies go, who evolves, and how many steps everybody may take."""

from dataclasses import dataclass

from rallypoint.config import Config, check_least
from rallypoint.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class CoevolutionConfig(Config):
    """One setting of the experiment, on CartPole; claims are made for the defaults."""

    budget: int = 600_000  # environment steps of each method and seed, measured ones included
    epsilon: float = 0.5  # largest lie, l_inf, in units of 1 m, 1 m/s, 0.1 rad and 1 rad/s
    max_cycles: int = 200  # steps in an episode
    hosts: int = 3  # of each species, and in the round-robin
    pathogens: int = 3
    birth_rounds: int = 20  # that a host learns alone, 1,024 steps each
    bout_rounds: int = 4  # that each of both learns in a bout
    measured: int = 8  # episodes in which harm is measured, with a pathogen and without
    attackers: int = 2  # held out: pathogens of each method's hosts, each on a host of another seed
    attacker_rounds: int = 60  # that they learn
    episodes: int = 20  # that hosts are tested in, under each of them
    kept: str = ""  # a folder in which populations are kept, and gone on with
    bouts_on: str = ""  # a Ray cluster on which bouts are fought: "local", "auto" or host:port

    def __post_init__(self) -> None:
        """Refuse a setting that cannot be run.

        Raises:
            InvalidConfig: says what must hold.
        """
        if not self.epsilon > 0:
            raise InvalidConfig(f"epsilon is the size of a lie, > 0, got {self.epsilon}")
        check_least(self, 1, "max_cycles", "attackers", "attacker_rounds", "episodes")
