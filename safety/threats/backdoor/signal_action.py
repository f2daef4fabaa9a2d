"""Signal action: a teammate carries a trigger, as a sequence of its actions."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.batch_env import BatchEnv
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig
from rallypoint.safety.known import Known
from rallypoint.safety.limits import as_schedule
from rallypoint.safety.threats import Proposal, Site, State, Threat, register
from rallypoint.safety.threats.backdoor.choices import (
    as_sequence,
    num_choices,
    refuse_target,
    with_choices,
)
from rallypoint.safety.threats.backdoor.occasions import check_budget, in_words, is_due


@register
@dataclass(frozen=True, kw_only=True)
class SignalAction(Threat):
    """A teammate does a sequence of actions, by which those who watch it are to be triggered.

    Its steps are counted in pieces as long as the sequence, from the last seeded reset on, and
    ``poisoned`` of the first ``of`` pieces are the sequence. A piece that an episode's end cuts
    short goes on in the next one, and is then recognised by nobody. It touches nobody's percept
    and nobody's reward: ``poison_reward`` with the same ``sequence`` and this teammate for its
    ``carrier`` does the rest.

    Source: Wang, Javed, Wu, Guo, Xing & Song (2021), "BACKDOORL: Backdoor Attack against
    Competitive Reinforcement Learning", IJCAI, arXiv:2105.00579.
    """

    kind: ClassVar[str] = "signal_action"
    site: ClassVar[Site] = "action"
    must_know: ClassVar[frozenset[str]] = frozenset({"actions"})
    lasting: ClassVar[frozenset[str]] = frozenset({"lived"})

    knowledge: tuple[str, ...] = ("actions",)
    sequence: tuple[int, ...] = (0, 1)  # choices, counted from 0
    poisoned: int | None = None  # sequences of each victim in each copy; None: one after another
    of: int | None = None  # of so many pieces of that length, over the whole training
    spread: str = "uniform"  # or "first", "middle", "last"

    def __post_init__(self) -> None:
        """Bring the sequence into its checked form; see ``Threat``."""
        object.__setattr__(self, "sequence", as_sequence(self.sequence))
        super().__post_init__()
        check_budget(self.poisoned, self.of, self.spread)
        when = as_schedule(self.when)
        if len(self.sequence) > 1 and (when.every > 1 or when.probability < 1):
            raise InvalidConfig(
                "a sequence is done in steps that follow one another, and every or probability "
                "would tear it apart; leave them out, and say with poisoned and of how often"
            )

    def fit(self, env: BatchEnv) -> "SignalAction":
        """Return itself; see ``Threat.fit``.

        Raises:
            InvalidConfig: the sequence has actions that are none.
        """
        for choice in set(self.sequence):
            refuse_target(self, env, choice)
        return self

    @property
    def chance(self) -> float | None:
        """One sequence after another, unless only so many are to be done."""
        return 1.0 if self.poisoned is None else None

    def init(self, E: int, N: int) -> State:
        """Return that no step was taken yet."""
        return {"lived": np.zeros((E, N), dtype=np.int64)}

    def in_words(self) -> dict[str, str]:
        """Say what is done."""
        when = in_words(
            self.poisoned, self.of, self.spread, f"pieces of {len(self.sequence)} steps"
        )
        return {"does": f"the agent does {list(self.sequence)} in turn, {when}"}

    def apply(self, state: State, known: Known, draws: Draws) -> tuple[Proposal, State]:
        """Do the next action of the sequence, where one is due."""
        del draws  # deterministic
        piece, place = np.divmod(state["lived"], len(self.sequence))
        moved = {"lived": state["lived"] + known.opportunities}
        space = known.group.action_space
        if not num_choices(space):  # nobody in this group is a victim
            return Proposal(np.zeros_like(known.opportunities), known.actions), moved
        due = is_due(piece, self.poisoned, self.of, self.spread)
        done = with_choices(known.actions, space, np.array(self.sequence)[place])
        return Proposal(known.afford(known.opportunities & due), done), moved
