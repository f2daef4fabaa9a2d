"""PGD: many steps along the sign of the gradient, each brought back within reach."""

from dataclasses import dataclass
from typing import Any, ClassVar

from rallypoint.batch_env import Array
from rallypoint.config import check_least
from rallypoint.errors import InvalidConfig
from rallypoint.policies import Objective
from rallypoint.safety.known import Known
from rallypoint.safety.perception.ascent import Climb
from rallypoint.safety.perception.objectives import CHOICES, unlikely
from rallypoint.safety.threats import register
from rallypoint.safety.threats.perception import WhiteBox


@dataclass(frozen=True, kw_only=True)
class Stepwise(WhiteBox):
    """A white-box attack of several steps."""

    steps: int = 10
    rate: float | None = None  # length of a step, as a share of the reach; 2.5 / steps if not given
    # Share of the reach within which it begins, at random; 0: at the truth, or, where there is no
    # slope there, as of the change of what is done, within half.
    scatter: float = 1.0

    def __post_init__(self) -> None:
        """Bring settings into their checked form.

        Raises:
            InvalidConfig: says what cannot be meant.
        """
        super().__post_init__()
        check_least(self, 1, "steps")
        if self.rate is not None and not 0 < self.rate <= 2:
            raise InvalidConfig(f"rate is a share of the reach in (0, 2], got {self.rate}")
        if not 0 <= self.scatter <= 1:
            raise InvalidConfig(f"scatter is a share of the reach in [0, 1], got {self.scatter}")

    @property
    def climb(self) -> Climb:
        """Several steps from a random start."""
        rate = min(1.0, 2.5 / self.steps) if self.rate is None else self.rate
        return Climb(steps=self.steps, rate=rate, scatter=self.scatter)


@register
@dataclass(frozen=True, kw_only=True)
class Pgd(Stepwise):
    """Agents see what makes their likeliest action least likely, found in many steps.

    Source: Madry, Makelov, Schmidt, Tsipras & Vladu (2018), ICLR, arXiv:1706.06083; on policies
    Pattanaik, Tang, Liu, Bommannan & Chowdhary (2018), "Robust Deep Reinforcement Learning with
    Adversarial Attacks", AAMAS, arXiv:1712.03632.
    """

    kind: ClassVar[str] = "pgd"

    def is_flat(self, network: Any) -> bool:
        """Whether actions are numbers: the change of one has no slope where it is 0."""
        return network.reads not in CHOICES

    def objective(self, known: Known, network: Any, truths: Array) -> Objective:
        """Make what would be done unlikely."""
        return unlikely(network.reads, network.outputs({known.group.name: truths}))
