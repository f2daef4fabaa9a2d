"""MAD: move what is done as far as can be from what would be done in truth."""

from dataclasses import dataclass
from typing import Any, ClassVar

from rallypoint.batch_env import Array
from rallypoint.policies import Objective
from rallypoint.safety.known import Known
from rallypoint.safety.perception.objectives import apart
from rallypoint.safety.threats import register
from rallypoint.safety.threats.perception.pgd import Stepwise


@register
@dataclass(frozen=True, kw_only=True)
class Mad(Stepwise):
    """Agents see what changes the law of their actions most, with no regard to what they are worth.

    Source: the maximal action difference attack of Zhang et al. (2020), "Robust Deep Reinforcement
    Learning against Adversarial Perturbations on State Observations", NeurIPS, arXiv:2003.08938.
    """

    kind: ClassVar[str] = "mad"

    def is_flat(self, network: Any) -> bool:
        """Say that it is: no other law is nearer to one than itself."""
        del network
        return True

    def objective(self, known: Known, network: Any, truths: Array) -> Objective:
        """Move away from what would be done."""
        return apart(network.reads, network.outputs({known.group.name: truths}))
