"""What is trained under which threats, and what is called their effect."""

from dataclasses import dataclass
from typing import Any, Literal

from rallypoint.config import Config, check_least
from rallypoint.errors import InvalidConfig
from rallypoint.experiments.byzantine_team.config import PPO
from rallypoint.experiments.settings import ThreatFile

# What goes with the default world, and with the default learner in it.
_WORLD = "torus-small-v0"
_OF_TEN: dict[str, Any] = {"num_agents": 10}
_LEARNER = "ppo"
_TEAM: dict[str, Any] = {"contributors": "team", "byzantine": 2, "aggregator": "trimmed_mean"}
_LEAST_CELLS = 4


@dataclass(frozen=True, kw_only=True)
class FactorialConfig(Config):
    """One design; the defaults are a team of ten on a torus, under all four channels.

    Another world or another learner has its own settings, unless some are given.
    """

    threats: ThreatFile = ""  # what goes wrong; empty: one of ours, with all four channels
    env: str = _WORLD  # id of the environment
    agent: str = _LEARNER  # name of the learner
    by: Literal["channel", "threat"] = "channel"  # what is switched: all at one site, or each
    response: Literal["learned", "lived"] = "learned"  # policy in peace, or under its threats
    scale: Literal["return", "log"] = "return"  # effects add up, or multiply: returns > 0
    steps: int = 48_000  # agent steps of every training
    tests: int = 64  # episodes of every learned policy
    copies: int = 8  # of the world in training
    cells: int = 32  # at most; a full design that has more is cut to a fraction
    env_settings: dict[str, Any] | None = None  # the world's; not given: its own, or ten on ours
    agent_settings: dict[str, Any] | None = None  # the learner's; likewise
    team: dict[str, Any] | None = None  # who contributes, two liars of ten on ours; {}: nobody

    def __post_init__(self) -> None:
        """Refuse a setting that cannot be run."""
        check_least(self, 1, "steps", "tests", "copies")
        if self.cells < _LEAST_CELLS:
            raise InvalidConfig(f"cells is a number >= {_LEAST_CELLS}, got {self.cells}")

    @property
    def world(self) -> dict[str, Any]:
        """Settings of the world."""
        ours = _OF_TEN if self.env == _WORLD else {}
        return dict(ours if self.env_settings is None else self.env_settings)

    @property
    def learner(self) -> dict[str, Any]:
        """Settings of the learner."""
        ours = PPO if self._is_ours else {}
        return dict(ours if self.agent_settings is None else self.agent_settings)

    @property
    def contributors(self) -> dict[str, Any]:
        """Who contributes to it; empty: as its training has it."""
        ours = _TEAM if self._is_ours else {}
        return dict(ours if self.team is None else self.team)

    @property
    def _is_ours(self) -> bool:
        return (self.env, self.agent) == (_WORLD, _LEARNER)
