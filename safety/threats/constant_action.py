"""Constant action: agents do always the same."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from rallypoint.batch_env import Array, BatchEnv
from rallypoint.config import keep_plain
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig
from rallypoint.safety.concerned import groups_concerned
from rallypoint.safety.interruption.human_log import legal_action
from rallypoint.safety.known import Known
from rallypoint.safety.threats import Proposal, Site, State, Threat, register


@register
@dataclass(frozen=True, kw_only=True)
class ConstantAction(Threat):
    """Agents take one action at every step, whatever their policies choose.

    Of an action with several entries, one number stands for all of them.

    Source: what the random-action attack is in the code of Fan, Ma, Dai, Jing, Tan & Low (2021),
    "Fault-Tolerant Federated Reinforcement Learning with Theoretical Guarantee", NeurIPS,
    arXiv:2110.14074: action 0.
    """

    kind: ClassVar[str] = "constant_action"
    site: ClassVar[Site] = "action"
    takes_all: ClassVar[bool] = True

    # A number, or a list of as many as an action has entries.
    action: int | float | tuple[int | float, ...] = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        keep_plain(self, "action")

    @property
    def is_steady(self) -> bool:
        """It does the same always."""
        return True

    def fit(self, env: BatchEnv) -> "ConstantAction":
        """Return itself; see ``Threat.fit``.

        Raises:
            InvalidConfig: the world has no such action.
        """
        for group in groups_concerned(self, env):
            space: Any = group.action_space
            try:
                action = self._spread(space)
            except ValueError:
                raise InvalidConfig(
                    f"an action of group {group.name!r} has {space.shape} entries, and action is "
                    f"{self.action}; give as many numbers, or one for all"
                ) from None
            legal_action(action.tolist(), space, f"the constant action of group {group.name!r}")
        return self

    def in_words(self) -> dict[str, str]:
        """Say what is done."""
        return {"does": f"the agent does {self.action} at every step, whatever it chose"}

    def apply(self, state: State, known: Known, draws: Draws) -> tuple[Proposal, State]:
        """Do the same."""
        del draws  # deterministic
        space: Any = known.group.action_space
        where = known.affordable
        count = int(np.count_nonzero(where))
        if not count:  # there may be no such action in this group
            return Proposal(where, np.zeros((0, *space.shape), dtype=space.dtype)), state
        action = self._spread(space).astype(space.dtype)
        return Proposal(where, np.broadcast_to(action, (count, *space.shape))), state

    def _spread(self, space: Any) -> Array:
        spread: Array = np.broadcast_to(np.asarray(self.action), space.shape)
        return spread
