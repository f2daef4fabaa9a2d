"""What is run: how many networks, and how long a policy learns and is broken."""

from dataclasses import dataclass

from rallypoint.config import Config, check_least, check_within
from rallypoint.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class NeuronFaultsConfig(Config):
    """One setting of the experiment; its claims are made for the defaults."""

    networks: int = 300  # random ones, on each seed
    inputs: int = 200  # of each, each with other faults
    spread: float = 0.4  # standard deviation of their weights
    neurons: int = 64  # of the only hidden layer of the policy that balances a pole
    rounds: int = 30  # that it learns
    episodes: int = 100  # played with each number of faults
    faults: tuple[int, ...] = (0, 1, 2, 4, 8, 16, 32)  # of its neurons
    copies: tuple[int, ...] = (1, 4, 16)  # of each of its neurons, where it is over-provisioned

    def __post_init__(self) -> None:
        """Refuse a setting that cannot be run."""
        check_least(self, 1, "networks", "inputs", "neurons", "rounds", "episodes")
        check_within(self, "(0, inf)", "spread")
        for name in ("faults", "copies"):
            values = getattr(self, name)
            if list(values) != sorted(set(values)) or min(values, default=-1) < (name == "copies"):
                raise InvalidConfig(f"{name} are different numbers, rising; got {values}")
        if len(self.faults) < 2 or self.faults[-1] > self.neurons:
            raise InvalidConfig(
                f"faults are two numbers or more, of up to {self.neurons} neurons; got "
                f"{self.faults}"
            )
        if len(self.copies) < 2 or self.copies[0] != 1:
            raise InvalidConfig(f"copies are 1 and more, got {self.copies}")
