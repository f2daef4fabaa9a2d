"""Reward noise: what is told is not quite what was earned."""

from dataclasses import dataclass
from typing import ClassVar

from rallypoint.draws import Draws
from rallypoint.safety.cells import among
from rallypoint.safety.known import Known
from rallypoint.safety.noise import Shape, check_noise, draw_noise, in_words
from rallypoint.safety.threats import Proposal, State, register
from rallypoint.safety.threats.feedback import FeedbackThreat


@register
@dataclass(frozen=True, kw_only=True)
class RewardNoise(FeedbackThreat):
    """Learners are told what they earned with noise added, anew at every step.

    The noise has mean zero, so that it misleads nobody in the long run: it is a fault, the mildest
    of the threats to feedback, and shows what more samples would buy.

    Source: the noisy rewards of Wang, Liu & Li (2020), "Reinforcement Learning with Perturbed
    Rewards", AAAI, arXiv:1810.01032, who confuse reward levels; here the noise is added.
    """

    kind: ClassVar[str] = "reward_noise"
    must_know: ClassVar[frozenset[str]] = frozenset({"own_feedback"})
    takes_all: ClassVar[bool] = True

    knowledge: tuple[str, ...] = ("own_feedback",)
    noise: Shape = "gaussian"  # or "uniform"
    scale: float = 1.0  # standard deviation, or half the width, in the unit of what is told

    def __post_init__(self) -> None:
        super().__post_init__()
        check_noise(self.noise, self.scale)

    def in_words(self) -> dict[str, str]:
        """Say what is added."""
        what = in_words(self.noise, f"{self.scale:g}")
        return {"does": f"the learner is told the {self.signal} with {what} added"}

    def apply(self, state: State, known: Known, draws: Draws) -> tuple[Proposal, State]:
        """Add noise."""
        where = known.affordable
        earned = among(known.few("own_feedback"), known.opportunities, where)
        noise = draw_noise(draws, where, (), self.noise)
        return Proposal(where, earned + self.scale * noise), state
