"""What is run: which rules, under which lies, of how many in the team, and for how long."""

from dataclasses import dataclass
from typing import Any

from rallypoint.config import Config, check_least
from rallypoint.errors import InvalidConfig, did_you_mean
from rallypoint.safety.aggregation import Aggregator

MEAN = "mean"
# How ten agents on the torus learn well, and soon.
PPO: dict[str, Any] = {
    "learning_rate": 2e-3,
    "gamma": 0.95,
    "lam": 0.95,
    "steps": 50,
    "minibatch": 500,
    "epochs": 4,
}
_RANDOMLY = {"kind": "random_action"}  # what liars do in the world while they lie to the server
# Of each liar, in the world and then in its update.
ATTACKS: dict[str, tuple[dict[str, Any], ...]] = {
    "sign_flip": (_RANDOMLY, {"kind": "sign_flip", "factor": 5.0}),
    "noise": (_RANDOMLY, {"kind": "gaussian"}),
    "alie": (_RANDOMLY, {"kind": "alie", "z": 1.5}),
    "min_max": (_RANDOMLY, {"kind": "min_max"}),
    # The strongest of `byzantine_gradient`, which ask the very rule what it would make of a lie.
    "optimal_reverse": (_RANDOMLY, {"kind": "optimal", "direction": "reverse"}),
    "opt_ema": (_RANDOMLY, {"kind": "opt_ema"}),
    "reward_flip": ({"kind": "reward_flip"}, {"kind": "sign_flip", "factor": -1.0}),
}


@dataclass(frozen=True, kw_only=True)
class ByzantineTeamConfig(Config):
    """One setting of the experiment; its claims are made for the defaults."""

    rules: tuple[str, ...] = (
        "mean",
        "median",
        "trimmed_mean",
        "krum",
        "multi_krum",
        "geometric_median",
        "nnm+trimmed_mean",
    )
    attacks: tuple[str, ...] = tuple(ATTACKS)
    liars: tuple[int, ...] = (1, 2, 3)  # f_real, which rules are told as f
    num_agents: int = 10  # N, all of whom contribute: n
    copies: int = 8  # of the world, in which each contributor lives
    steps: int = 48_000  # agent steps of training
    tests: int = 64  # episodes of each learned policy

    def __post_init__(self) -> None:
        """Refuse a setting that cannot be run."""
        for name in self.attacks:
            if name not in ATTACKS:
                raise InvalidConfig(f"no attack is called {name!r}{did_you_mean(name, ATTACKS)}")
        if MEAN not in self.rules or not self.attacks:
            raise InvalidConfig(
                f"rules contain {MEAN!r}, by which the others are measured, and attacks are at "
                f"least one; got {self.rules} and {self.attacks}"
            )
        most = (self.num_agents - 1) // 2
        if not self.liars or list(self.liars) != sorted({*range(1, most + 1)} & {*self.liars}):
            raise InvalidConfig(
                f"liars are different numbers, rising, in 1..{most}, a minority of "
                f"{self.num_agents}; got {self.liars}"
            )
        check_least(self, 1, "copies", "steps", "tests")
        for rule in self.rules:
            told = [0] if rule == MEAN else self.liars
            for f in told:
                Aggregator.parse(rule).check(self.num_agents, f)
