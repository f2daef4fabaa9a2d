"""FGSM: one step along the sign of the gradient."""

from dataclasses import dataclass
from typing import Any, ClassVar

from rallypoint.batch_env import Array
from rallypoint.policies import Objective
from rallypoint.safety.known import Known
from rallypoint.safety.perception.ascent import Climb
from rallypoint.safety.perception.objectives import CHOICES, unlikely
from rallypoint.safety.threats import register
from rallypoint.safety.threats.perception import WhiteBox


@register
@dataclass(frozen=True, kw_only=True)
class Fgsm(WhiteBox):
    """Agents see what makes their likeliest action least likely, as far as one step tells.

    Where actions are numbers the change of the action has no slope at the truth, and it begins
    beside it: within ``scatter`` of the way, or half of it if that is 0.

    Source: Goodfellow, Shlens & Szegedy (2015), ICLR; on policies Huang, Papernot, Goodfellow,
    Duan & Abbeel (2017), "Adversarial Attacks on Neural Network Policies", arXiv:1702.02284.
    """

    kind: ClassVar[str] = "fgsm"

    scatter: float = 0.0  # share of the way at which it begins, at random

    @property
    def climb(self) -> Climb:
        """One step, all the way."""
        return Climb(steps=1, rate=1.0, scatter=self.scatter)

    def is_flat(self, network: Any) -> bool:
        """Whether actions are numbers: the change of one has no slope where it is 0."""
        return network.reads not in CHOICES

    def objective(self, known: Known, network: Any, truths: Array) -> Objective:
        """Make what would be done unlikely."""
        return unlikely(network.reads, network.outputs({known.group.name: truths}))
