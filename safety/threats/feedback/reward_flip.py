"""Reward flip: what is good is told as bad."""

from dataclasses import dataclass
from typing import ClassVar

from rallypoint.draws import Draws, Floats
from rallypoint.safety.known import Known
from rallypoint.safety.threats import Proposal, State, register
from rallypoint.safety.threats.feedback import FeedbackThreat


@register
@dataclass(frozen=True, kw_only=True)
class RewardFlip(FeedbackThreat):
    """Learners are told the opposite of what they earned.

    A learner that whitens its returns over its own data cannot tell the factor: any flip is then a
    sign flip of its whole update.

    Source: the reward-flipping attack in the code of Fan, Ma, Dai, Jing, Tan & Low (2021),
    "Fault-Tolerant Federated Reinforcement Learning with Theoretical Guarantee", NeurIPS,
    arXiv:2110.14074.
    """

    kind: ClassVar[str] = "reward_flip"
    must_know: ClassVar[frozenset[str]] = frozenset({"own_feedback"})
    takes_all: ClassVar[bool] = True

    knowledge: tuple[str, ...] = ("own_feedback",)
    factor: float = 1.0  # by which the opposite is stretched

    def in_words(self) -> dict[str, str]:
        """Say what is told."""
        times = "" if self.factor == 1 else f", times {self.factor:g}"
        return {"does": f"the learner is told the {self.signal} with its sign reversed{times}"}

    @property
    def is_steady(self) -> bool:
        """Always the opposite."""
        return True

    def apply(self, state: State, known: Known, draws: Draws) -> tuple[Proposal, State]:
        """Reverse."""
        del draws  # deterministic
        return Proposal(known.affordable, self._reversed), state

    def _reversed(self, earned: Floats) -> Floats:
        return -self.factor * earned
