"""Traitor: teammates who follow another policy."""

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from rallypoint.batch_env import BatchEnv
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig
from rallypoint.kinds import IN_OTHER_FORMS
from rallypoint.policies import Policy
from rallypoint.safety.enforcement.ballot import covered
from rallypoint.safety.interruption.takeover import (
    FREEZE,
    Takeover,
    Takes,
    as_takeover,
    takeover_of,
)
from rallypoint.safety.known import Known
from rallypoint.safety.limits import as_victims
from rallypoint.safety.threats import Proposal, Site, State, Threat, register

# A constructor takes the plain form of files too, and makes it the checked one.
if TYPE_CHECKING:
    Instead = str | Takeover | Policy | dict[str, Any]
else:
    Instead = Annotated[str | Takeover, IN_OTHER_FORMS]


@register
@dataclass(frozen=True, kw_only=True)
class Traitor(Threat):
    """Agents do what another policy would do in their place, on what they themselves perceive.

    ``Traitor(policy={"folder": "runs/spoiler"})`` has them follow an agent that was trained, such
    as one that was trained on ``adversary_view`` to do its team as much harm as it can; "freeze"
    has them stand still while it lasts (a ``crash`` is for good). The forms are those of an
    interruption, which differs in that it is done by a person, announced and told to the learner.

    Source: the trained worst-case ally of Li, Guo, Xiu, Xu, Yu, Wang, Liu, Yang & Liu (2024),
    "Byzantine Robust Cooperative Multi-Agent Reinforcement Learning as a Bayesian Game", ICLR,
    arXiv:2305.12872; Gleave, Dennis, Wild, Kant, Levine & Russell (2020), "Adversarial Policies",
    ICLR, arXiv:1905.10615.
    """

    kind: ClassVar[str] = "traitor"
    site: ClassVar[Site] = "action"
    takes_all: ClassVar[bool] = True
    idle_elsewhere: ClassVar[bool] = True

    policy: Instead = FREEZE  # "freeze", "uniform", or see `Takeover`

    _takes: ClassVar[tuple[Takes, ...]] = ()  # the one of an instance that was fitted to a world

    def __post_init__(self) -> None:
        """Bring settings into their checked form.

        Raises:
            InvalidConfig: says what cannot be meant.
        """
        object.__setattr__(self, "policy", as_takeover(self.policy))
        if self._sees and "own_percept" not in self.knowledge:
            # What follows from the policy need not be said twice.
            object.__setattr__(self, "knowledge", (*self.knowledge, "own_percept"))
        super().__post_init__()

    @property
    def needs(self) -> frozenset[str]:
        """An action that does nothing, if that is what they do."""
        return frozenset({"noop"} if self.policy == FREEZE else ())

    def fit(self, env: BatchEnv) -> "Traitor":
        """Return it with its policy read; see ``Threat.fit``."""
        fitted = copy.copy(self)
        covers = covered(as_victims(self.victims), env.agents)
        checked: Any = self.policy
        object.__setattr__(fitted, "_takes", (takeover_of(checked, env, covers),))
        return fitted

    def to_dict(self) -> dict[str, Any]:
        """Return it as a table of a threat file; see ``Threat.to_dict``.

        Raises:
            InvalidConfig: a policy was given itself, and not by its address.
        """
        given = getattr(self.policy, "policy", None)
        if not isinstance(given, str | None):
            raise InvalidConfig(
                f'{given!r} cannot be written down; give its address, "package.module:name"'
            )
        return super().to_dict()

    def in_words(self) -> dict[str, str]:
        """Say whose part they take."""
        plain: Any = self.policy
        if isinstance(plain, Takeover):
            told = {k: v for k, v in vars(plain).items() if v is not None}
            return {"does": f"the agent does what another policy does in its place: {told}"}
        what = "stands still" if plain == FREEZE else "does anything"
        return {"does": f"the agent {what} while this lasts"}

    def apply(self, state: State, known: Known, draws: Draws) -> tuple[Proposal, State]:
        """Do what the other policy does.

        Raises:
            InvalidConfig: it was not fitted to a world.
        """
        if not self._takes:
            raise InvalidConfig("a traitor acts in a world: fit(env) it first, as frames do")
        [takes] = self._takes
        where = known.affordable
        return Proposal(where, takes(known, where, draws)), state

    @property
    def _sees(self) -> bool:
        return isinstance(self.policy, Takeover) and self.policy.sees
