"""How much is run; what is claimed of it, and from which threshold on, is in the parts."""

from dataclasses import dataclass

from rallypoint.config import Config, check_least
from rallypoint.errors import InvalidConfig, did_you_mean
from rallypoint.experiments.byzantine_gradient.attacks import ATTACKS


@dataclass(frozen=True, kw_only=True)
class ByzantineGradientConfig(Config):
    """Budgets; the defaults are those that the claims are made for."""

    rounds: int = 60  # of every run; 480 episodes of each contributor at 8 a round
    momenta: tuple[float, ...] = (0.0, 0.9)  # of contributors; 0 is among them
    attacks: tuple[str, ...] = ()  # P1, P2, P5; all of them if empty, else these and "none"
    larger: int = 16  # P5, episodes of each contributor in a round beside 8; 0: left out
    bulyan_workers: int = 15  # K for Bulyan, which needs 4 f + 3; 0: left out
    filter_rounds: int = 40  # P3; 0: left out
    crowd_rounds: int = 60  # P4, of 30 contributors; 0: left out
    kept: str = ""  # a folder of finished runs, to go on from where it was stopped; empty: none

    def __post_init__(self) -> None:
        """Refuse a budget that buys nothing.

        Raises:
            InvalidConfig: says which.
        """
        check_least(self, 1, "rounds")
        check_least(self, 0, "larger", "filter_rounds", "crowd_rounds")
        if 0 not in self.momenta or len(set(self.momenta)) < len(self.momenta):
            raise InvalidConfig(
                f"momenta are different numbers in [0, 1), 0 among them, got {self.momenta}"
            )
        if any(not 0 <= momentum < 1 for momentum in self.momenta):
            raise InvalidConfig(f"momenta lie in [0, 1), got {self.momenta}")
        if unknown := sorted(set(self.attacks) - set(ATTACKS)):
            raise InvalidConfig(
                f"no attack is called {unknown[0]!r}{did_you_mean(unknown[0], ATTACKS)}; there are "
                f"{', '.join(ATTACKS)}"
            )
        if self.attacks and ("none" not in self.attacks or len(self.attacks) < 2):
            raise InvalidConfig(
                f'attacks are "none", to compare with, and at least one more; got {self.attacks}'
            )
        if self.bulyan_workers and self.bulyan_workers < 15:
            raise InvalidConfig(
                "bulyan needs 4 f + 3 contributors, 15 with f = 3; 0 leaves it out; got "
                f"{self.bulyan_workers}"
            )
