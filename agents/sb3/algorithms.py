"""Which algorithms there are, by address: to look one up loads neither SB3 nor torch."""

import importlib
import importlib.util
from dataclasses import dataclass
from typing import Any, ClassVar

from rallypoint.errors import Unavailable, UnknownName, did_you_mean

_CONTRIB = "sb3_contrib"


@dataclass(frozen=True)
class Algorithm:
    """An algorithm of Stable-Baselines3 or sb3-contrib."""

    learner: ClassVar[str] = "closed"

    name: str  # as its package spells it
    package: str
    about: str

    def __post_init__(self) -> None:
        """Tell those who list agents what this one is."""
        missing = "" if self.is_installed else f" (needs {self._install})"
        object.__setattr__(self, "__doc__", f"{self.about}{missing}")

    @property
    def agent(self) -> str:
        """The name of the agent: ``sb3:PPO``."""
        return f"sb3:{self.name}"

    @property
    def is_installed(self) -> bool:
        """Whether its package is there."""
        return importlib.util.find_spec(self.package) is not None

    def load(self) -> type[Any]:
        """Import the algorithm; this loads torch.

        Raises:
            Unavailable: its package is not installed.
        """
        try:
            found: type[Any] = getattr(importlib.import_module(self.package), self.name)
        except (ImportError, AttributeError) as error:
            raise Unavailable(
                f"agent {self.agent!r} cannot be used: {error}; it needs {self._install}"
            ) from error
        return found

    @property
    def _install(self) -> str:
        extra = "[contrib]" if self.package == _CONTRIB else ""
        return f"pip install 'rallypoint{extra}'"


def _of(package: str, **about_by_name: str) -> list[Algorithm]:
    return [Algorithm(name, package, about) for name, about in about_by_name.items()]


ALGORITHMS = (
    *_of(
        "stable_baselines3",
        A2C="Advantage actor-critic (Mnih et al., 2016).",
        DDPG="Deep deterministic policy gradient (Lillicrap et al., 2016).",
        DQN="Deep Q-network (Mnih et al., 2015).",
        PPO="Proximal policy optimisation (Schulman et al., 2017).",
        SAC="Soft actor-critic (Haarnoja et al., 2018).",
        TD3="Twin delayed deterministic policy gradient (Fujimoto et al., 2018).",
    ),
    *_of(
        _CONTRIB,
        ARS="Augmented random search (Mania et al., 2018).",
        CrossQ="Batch normalisation in place of target networks (Bhatt et al., 2024).",
        MaskablePPO="PPO that chooses among the allowed actions only (Huang & Ontañón, 2022).",
        QRDQN="Quantile regression DQN (Dabney et al., 2018).",
        RecurrentPPO="PPO with an LSTM.",
        TQC="Truncated quantile critics (Kuznetsov et al., 2020).",
        TRPO="Trust region policy optimisation (Schulman et al., 2015).",
    ),
)


def algorithm(name: str) -> Algorithm:
    """Return an algorithm by the name of its agent; ``sb3_contrib:TRPO`` is ``sb3:TRPO``, too.

    Raises:
        UnknownName: names the nearest.
    """
    by_agent = {known.agent: known for known in ALGORITHMS}
    by_agent_too = {f"{known.package}:{known.name}": known for known in ALGORITHMS}
    found = by_agent.get(name) or by_agent_too.get(name)
    if found is None:
        spelled = name if ":" in name else f"sb3:{name}"
        raise UnknownName(f"no SB3 algorithm is called {name!r}{did_you_mean(spelled, by_agent)}")
    return found
