"""Reward constant: whatever is done, the same is told."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig
from rallypoint.safety.known import Known
from rallypoint.safety.threats import Proposal, State, register
from rallypoint.safety.threats.feedback import FeedbackThreat


@register
@dataclass(frozen=True, kw_only=True)
class RewardConstant(FeedbackThreat):
    """Learners are told the same number at every step.

    At 0 a learner is told nothing at all; any other number pays for long episodes, or for short
    ones.

    Source: a simplest case of the falsified cost signals of Huang & Zhu (2019), "Deceptive
    Reinforcement Learning Under Adversarial Manipulations on Cost Signals", GameSec,
    arXiv:1906.10571.
    """

    kind: ClassVar[str] = "reward_constant"
    takes_all: ClassVar[bool] = True

    value: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not math.isfinite(self.value):
            raise InvalidConfig(f"what is told is a finite number, got value = {self.value}")

    @property
    def is_steady(self) -> bool:
        """The same is told always."""
        return True

    def in_words(self) -> dict[str, str]:
        """Say what is told."""
        return {"does": f"the learner is told a {self.signal} of {self.value:g}, whatever it was"}

    def apply(self, state: State, known: Known, draws: Draws) -> tuple[Proposal, State]:
        """Say the same."""
        del draws  # deterministic
        where = known.affordable
        return Proposal(where, np.full(np.count_nonzero(where), float(self.value))), state
