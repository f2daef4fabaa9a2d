"""Critic attack: make the agent believe that all is lost."""

from dataclasses import dataclass
from typing import Any, ClassVar

from rallypoint.batch_env import Array
from rallypoint.policies import Objective
from rallypoint.safety.known import Known
from rallypoint.safety.perception.loading import critic_of
from rallypoint.safety.perception.objectives import worthless
from rallypoint.safety.threats import register
from rallypoint.safety.threats.perception.pgd import Stepwise


@register
@dataclass(frozen=True, kw_only=True)
class Critic(Stepwise):
    """Agents see what their critic holds for worst.

    A weak attack, since nobody taught the critic about what never happens.

    Source: Pattanaik et al. (2018), AAMAS, arXiv:1712.03632; as described in Zhang et al. (2020),
    arXiv:2003.08938.
    """

    kind: ClassVar[str] = "critic"
    looks_at: ClassVar[tuple[str, ...]] = ("own_percept", "value")

    def network(self, known: Known) -> Any:
        """Return the critic of the policy, or of the surrogate."""
        return known.value if self._network is None else critic_of(self.looked_into(known))

    def objective(self, known: Known, network: Any, truths: Array) -> Objective:
        """Let all be lost."""
        del known, network, truths
        return worthless
