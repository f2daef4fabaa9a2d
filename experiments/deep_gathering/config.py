"""What is run: which torus, how long, and PPO's settings."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from rallypoint.config import Config, check_least
from rallypoint.errors import InvalidConfig, did_you_mean


class Size(NamedTuple):
    """A torus and what PPO needs there; found on other seeds, then frozen."""

    env: str
    steps: int  # agent steps of training
    copies: int
    settings: dict[str, Any]  # of PPO; the network has two layers of 64


_SHARED = {"learning_rate": 1e-3, "gamma": 0.95, "gae_lambda": 0.95, "n_steps": 50}
SIZES = {
    "small": Size("torus-small-v0", 96_000, 16, _SHARED | {"batch_size": 1000, "n_epochs": 10}),
    "standard": Size(
        "torus-v0", 800_000, 64, _SHARED | {"batch_size": 4000, "n_epochs": 4, "ent_coef": 0.005}
    ),
}


@dataclass(frozen=True, kw_only=True)
class DeepGatheringConfig(Config):
    """One setting of the experiment; its claims are made for the defaults."""

    sizes: tuple[str, ...] = ("small", "standard")  # of the torus
    num_agents: int = 10  # N
    test_episodes: int = 200  # per seed and way of acting
    budget: float = 1.0  # share of the training steps a size is meant to have

    def __post_init__(self) -> None:
        """Refuse a setting that cannot be run."""
        for size in self.sizes:
            if size not in SIZES:
                raise InvalidConfig(f"no size is called {size!r}{did_you_mean(size, SIZES)}")
        check_least(self, 1, "num_agents", "test_episodes")
        if not 0 < self.budget < float("inf"):
            raise InvalidConfig(f"budget is a finite share > 0, got {self.budget}")
