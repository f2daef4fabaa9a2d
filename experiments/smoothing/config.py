"""What is run: how much noise, how large the attacks, and how many episodes each."""

from dataclasses import dataclass

from rallypoint.config import Config, check_least, check_within
from rallypoint.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class SmoothingConfig(Config):
    """One setting of the experiment, on CartPole; its claims are made for the defaults."""

    sigmas: tuple[float, ...] = (0.1, 0.2)  # of the noise: m, m/s, rad and rad/s alike
    budgets: tuple[float, ...] = (
        0.0,
        1.0,
        2.0,
        4.0,
        16.0,
        64.0,
    )  # l2 of an episode's changes, in sigmas
    rounds: int = 60  # of PPO under noise
    certified: int = 10_000  # episodes that the certificate of the return rests on
    attacked: int = 100  # episodes under each attack
    searched: int = 20  # episodes by which the attack on whole episodes chooses among its ways
    states: int = 60  # visited ones whose actions are certified one by one
    samples: int = 2000  # of the noise, for each of them
    # Noise under which one and the same policy's actions are certified.
    noises: tuple[float, ...] = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
    alpha: float = 0.05  # how likely a certificate of the return is wrong
    kept: str = ""  # a folder of finished pieces, to go on from where it was stopped; empty: none

    def __post_init__(self) -> None:
        """Refuse a setting that cannot be run."""
        check_least(self, 1, "rounds", "certified", "attacked", "searched", "states", "samples")
        for name, least in (("sigmas", 1), ("noises", 3), ("budgets", 2)):
            values = getattr(self, name)
            if len(values) < least or list(values) != sorted(set(values)) or values[0] < 0:
                raise InvalidConfig(
                    f"{name} are {least} or more different numbers, rising; got {values}"
                )
        if self.sigmas[0] <= 0 or self.noises[0] <= 0:
            raise InvalidConfig("without noise there is nothing to certify: sigmas are > 0")
        if self.budgets[0] != 0:
            raise InvalidConfig(f"the first budget is none, 0, got {self.budgets[0]}")
        check_within(self, "(0, 0.5)", "alpha")
