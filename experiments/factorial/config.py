"""What is trained under which threats, and what is called their effect."""

from dataclasses import dataclass, field
from typing import Any, Literal

from rallypoint.config import check_least
from rallypoint.errors import InvalidConfig
from rallypoint.experiments.byzantine_team.config import PPO

_TEAM: dict[str, Any] = {"contributors": "team", "byzantine": 2, "aggregator": "trimmed_mean"}
_LEAST_CELLS = 4


@dataclass(frozen=True, kw_only=True)
class FactorialConfig:
    """One design; the defaults are a team of ten on a torus, under all four channels."""

    threats: str = ""  # threat file; empty: the one beside this module, with all four channels
    env: str = "torus-small-v0"  # id of the environment
    agent: str = "ppo"  # name of the learner
    by: Literal["channel", "threat"] = "channel"  # what is switched: all at one site, or each
    response: Literal["learned", "lived"] = "learned"  # policy in peace, or under its threats
    scale: Literal["return", "log"] = "return"  # effects add up, or multiply: returns > 0
    steps: int = 48_000  # agent steps of every training
    tests: int = 64  # episodes of every learned policy
    copies: int = 8  # of the world in training
    cells: int = 32  # at most; a full design that has more is cut to a fraction
    env_settings: dict[str, Any] = field(default_factory=lambda: {"num_agents": 10})
    agent_settings: dict[str, Any] = field(default_factory=lambda: dict(PPO))  # the learner's
    team: dict[str, Any] = field(default_factory=lambda: dict(_TEAM))  # {}: none contribute

    def __post_init__(self) -> None:
        """Refuse a setting that cannot be run."""
        check_least(self, 1, "steps", "tests", "copies")
        if self.cells < _LEAST_CELLS:
            raise InvalidConfig(f"cells is a number >= {_LEAST_CELLS}, got {self.cells}")
