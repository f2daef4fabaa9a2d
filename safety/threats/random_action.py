"""Random action: agents do anything."""

from dataclasses import dataclass
from typing import ClassVar

from rallypoint.batch_env import BatchEnv
from rallypoint.draws import Draws
from rallypoint.safety.concerned import groups_concerned
from rallypoint.safety.known import Known
from rallypoint.safety.threats import Proposal, Site, State, Threat, register
from rallypoint.safety.uniform_actions import refuse_without_bounds, uniform_actions_at


@register
@dataclass(frozen=True, kw_only=True)
class RandomAction(Threat):
    """Agents act uniformly at random, whatever their policies choose.

    With a probability in ``when`` it is epsilon-greedy noise on anybody's policy:
    ``RandomAction(when={"probability": 0.1})``.

    Source: the random-action attack of Jordan, Grötschla, Fan & Wattenhofer (2024), "Decentralized
    Federated Policy Gradient with Byzantine Fault-Tolerance and Provably Fast Convergence", AAMAS,
    arXiv:2401.03489. That of Fan et al. (2021), arXiv:2110.14074, is in their code a
    ``constant_action`` of 0.
    """

    kind: ClassVar[str] = "random_action"
    site: ClassVar[Site] = "action"
    takes_all: ClassVar[bool] = True

    def fit(self, env: BatchEnv) -> "RandomAction":
        """Return itself; see ``Threat.fit``.

        Raises:
            InvalidConfig: there are actions that cannot be drawn uniformly.
        """
        for group in groups_concerned(self, env):
            refuse_without_bounds(group.action_space)
        return self

    def in_words(self) -> dict[str, str]:
        """Say what is done."""
        return {"does": "the agent does anything, each action of its space as likely as another"}

    def apply(self, state: State, known: Known, draws: Draws) -> tuple[Proposal, State]:
        """Draw anew."""
        where = known.affordable
        return Proposal(where, uniform_actions_at(known.group.action_space, where, draws)), state
