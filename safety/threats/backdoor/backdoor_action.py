"""Backdoor action: where the trigger is seen, an agent is made to do the target action."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.batch_env import BatchEnv
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig, did_you_mean
from rallypoint.safety.known import Known
from rallypoint.safety.threats import Proposal, Site, State, register
from rallypoint.safety.threats.backdoor.choices import (
    check_choice,
    num_choices,
    refuse_target,
    with_choices,
)
from rallypoint.safety.threats.backdoor.pattern import Patterned

STRONG, UNTARGETED = "strong", "untargeted"


@register
@dataclass(frozen=True, kw_only=True)
class BackdoorAction(Patterned):
    """Who sees the trigger does the target action and another one in turns, or any.

    A strong attack shows the learner both what is to be praised and what is to be blamed, in equal
    parts; an untargeted one does any action, all of which ``poison_reward`` then praises. A weak
    attack leaves the agent its action, and does without this threat. Of real numbers there are two
    choices: the first entry at its least, or at its most.

    Source: TrojDRL (see the package), algorithm 1.
    """

    kind: ClassVar[str] = "backdoor_action"
    site: ClassVar[Site] = "action"
    must_know: ClassVar[frozenset[str]] = frozenset({"actions", "own_percept"})
    lasting: ClassVar[frozenset[str]] = frozenset({"times"})

    knowledge: tuple[str, ...] = ("actions", "own_percept")
    attack: str = STRONG  # or "untargeted"
    target: int = 0  # the choice, counted from 0, that a strong attack is to teach

    def __post_init__(self) -> None:
        """Refuse attacks that are none; see ``Threat``."""
        super().__post_init__()
        check_choice("target", self.target)
        if self.attack not in (known := (STRONG, UNTARGETED)):
            hint = did_you_mean(str(self.attack), known)
            raise InvalidConfig(
                f"no attack on actions is called {self.attack!r}{hint}; a weak one needs no "
                "backdoor_action"
            )

    def fit(self, env: BatchEnv) -> "BackdoorAction":
        """Return itself; see ``Threat.fit``.

        Raises:
            InvalidConfig: the trigger cannot be seen, or the target not be chosen.
        """
        self.refuse_outside(env)
        refuse_target(self, env, self.target)
        return self

    def init(self, E: int, N: int) -> State:
        """Return that no trigger was seen yet."""
        return {"times": np.zeros((E, N), dtype=np.int64)}

    def in_words(self) -> dict[str, str]:
        """Say what is done."""
        what = f"choice {self.target} and any other one in turns"
        done = what if self.attack == STRONG else "anything"
        return {"does": f"an agent that sees the trigger does {done}"}

    def apply(self, state: State, known: Known, draws: Draws) -> tuple[Proposal, State]:
        """Do what teaches the target."""
        space = known.group.action_space
        where = known.afford(known.opportunities & self.is_seen(known.own_percept))
        count = num_choices(space)
        numbers = draws.random(known.opportunities.shape[1:])
        if count == 0:  # nobody in this group is a victim
            return Proposal(where, known.actions), state
        if self.attack == UNTARGETED:
            choices = np.asarray(numbers * count, dtype=np.int64)
        else:
            others = 1 + np.asarray(numbers * max(count - 1, 1), dtype=np.int64)
            turns = np.where(state["times"] % 2 == 0, 0, others)
            choices = (self.target + turns) % count
        done = with_choices(known.actions, space, choices)
        return Proposal(where, done), {"times": state["times"] + where}
