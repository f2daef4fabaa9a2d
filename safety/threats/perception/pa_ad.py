"""PA-AD: a director says which way to move the policy, and a climb finds the percept that does."""

from dataclasses import dataclass
from typing import Any, ClassVar

from rallypoint.batch_env import BatchEnv
from rallypoint.config import check_least
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig
from rallypoint.policies import acting_for
from rallypoint.safety.concerned import groups_concerned
from rallypoint.safety.known import Known
from rallypoint.safety.perception.ascent import Climb
from rallypoint.safety.perception.decoding import Decoder, Directs
from rallypoint.safety.perception.loading import check_followed
from rallypoint.safety.threats import Proposal, State, register
from rallypoint.safety.threats.perception.learned_percept import Guided


@register
@dataclass(frozen=True, kw_only=True)
class PaAd(Guided):
    """Agents see what moves their choice where a director wants it.

    The director is a policy with an entry in [-1, 1] for each action: where it wants probabilities
    to go. It learns a small problem; a climb along the policy's own gradient does the rest.

    Source: Sun, Zheng, Liang & Huang (2022), "Who Is the Strongest Enemy? Towards Optimal and
    Efficient Evasion Attacks in Deep RL", ICLR, arXiv:2106.05087.
    """

    kind: ClassVar[str] = "pa_ad"
    must_know: ClassVar[frozenset[str]] = frozenset({"own_percept", "policy"})

    knowledge: tuple[str, ...] = ("own_percept", "policy")
    steps: int = 5  # of the climb

    def __post_init__(self) -> None:
        """Bring settings into their checked form.

        Raises:
            InvalidConfig: says what cannot be meant.
        """
        super().__post_init__()
        check_least(self, 1, "steps")

    def fit(self, env: BatchEnv) -> "PaAd":
        """Return it with its director; see ``Threat.fit``.

        Raises:
            InvalidConfig: what agents see has no gradient, or there is no such director.
        """
        for group in groups_concerned(self, env):
            if getattr(group.observation_space.dtype, "kind", "") != "f":
                raise InvalidConfig(
                    f"pa_ad follows a gradient with respect to real numbers, and group "
                    f"{group.name!r} sees {group.observation_space}; learned_percept needs none"
                )
        return super().fit(env)

    def apply(self, state: State, known: Known, draws: Draws) -> tuple[Proposal, State]:
        """Ask the director, and climb."""
        check_followed(acting_for(known.policy, known.group.name))
        return super().apply(state, known, draws)

    def decoder(self, known: Known | None) -> Decoder:
        """Climb as the director says."""
        policy: Any = None if known is None else known.policy
        return Directs(policy, climb_of(self.steps))


def climb_of(steps: int) -> Climb:
    """Return the climb of so many steps, which begins at the truth."""
    return Climb(steps=steps, rate=min(1.0, 2 / steps), scatter=0.0)
