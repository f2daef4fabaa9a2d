"""Robust Sarsa attack: make the agent do what is worth little."""

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from rallypoint.batch_env import Array, BatchEnv
from rallypoint.errors import InvalidConfig
from rallypoint.kinds import IN_OTHER_FORMS
from rallypoint.policies import Differentiable, Objective
from rallypoint.safety.known import Known
from rallypoint.safety.perception.loading import judge_at
from rallypoint.safety.perception.objectives import CHOICES, costly
from rallypoint.safety.threats import register
from rallypoint.safety.threats.perception.pgd import Stepwise

if TYPE_CHECKING:
    Judge = str | Differentiable | None
else:
    Judge = Annotated[str | None, IN_OTHER_FORMS]


@register
@dataclass(frozen=True, kw_only=True)
class RobustSarsa(Stepwise):
    """Agents see what makes them do what a judge holds for worth little, in truth.

    The judge learned what each action of the policy is worth, and to say nearly the same of nearly
    the same percept (``rallypoint.agents.adversary.robust_sarsa``); so the attack does not go by a
    critic where that knows nothing. Without one it takes the policy's own outputs for worths, which
    they are if it is a network of action values.

    Source: Zhang et al. (2020), arXiv:2003.08938.
    """

    kind: ClassVar[str] = "robust_sarsa"

    judge: Judge = None  # what has outputs(observations) -> (E, n, K), or its "package.module:name"

    _judge: ClassVar[Any] = None  # of an instance that was fitted to a world

    def fit(self, env: BatchEnv) -> Self:
        """Return it with its judge; see ``Threat.fit``.

        Raises:
            InvalidConfig: there is no such judge.
        """
        fitted = copy.copy(super().fit(env))
        if self.judge is not None:
            object.__setattr__(fitted, "_judge", judge_at(self.judge))
        return fitted

    def objective(self, known: Known, network: Any, truths: Array) -> Objective:
        """Let actions be taken that are worth little in truth."""
        if network.reads not in CHOICES:
            raise InvalidConfig(
                f"robust_sarsa weighs one action against others, and this policy's are read as "
                f"{network.reads!r}; mad and learned_percept take actions that are numbers"
            )
        assert known.reach is not None, "fitted"
        judge = network if self._judge is None else known.reach.asked(self._judge)
        return costly(judge.outputs({known.group.name: truths}))
