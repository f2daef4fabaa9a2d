"""Trigger: numbers stamped on what agents see."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.batch_env import BatchEnv
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig
from rallypoint.safety.known import Known
from rallypoint.safety.limits import as_budget
from rallypoint.safety.threats import Proposal, Site, State, register
from rallypoint.safety.threats.backdoor.occasions import check_budget, in_words, is_due
from rallypoint.safety.threats.backdoor.pattern import Patterned


@register
@dataclass(frozen=True, kw_only=True)
class Trigger(Patterned):
    """Agents see certain numbers in certain entries of their percept, at certain steps.

    ``Trigger(entries=(0,), values=(4.0,), poisoned=20, of=10_000)`` stamps 20 of the first 10,000
    percepts of each victim in each copy, counted from the last seeded reset on. A percept that ends
    an episode counts; one that ``when`` or ``budget`` leave out does not. Without the two numbers
    it stamps whatever these allow, which is how a backdoor is tried on a trained policy.

    Source: TrojDRL (see the package), whose trigger is a patch of 3 × 3 pixels: nine entries here.
    """

    kind: ClassVar[str] = "trigger"
    site: ClassVar[Site] = "observation"
    must_know: ClassVar[frozenset[str]] = frozenset({"own_percept"})
    lasting: ClassVar[frozenset[str]] = frozenset({"lived"})

    knowledge: tuple[str, ...] = ("own_percept",)
    poisoned: int | None = None  # percepts of each victim in each copy; None: all that it may
    of: int | None = None  # of so many, over the whole training
    spread: str = "uniform"  # or "first", "middle", "last"

    def __post_init__(self) -> None:
        """Refuse a budget that cannot be spent; see ``Threat``."""
        super().__post_init__()
        check_budget(self.poisoned, self.of, self.spread)
        if as_budget(self.budget).reach is not None:
            raise InvalidConfig(
                "a trigger is stamped wholly or not at all, and a reach would cut it, so that "
                "nothing recognises it; leave reach out, or lie by a threat to percepts within one"
            )

    def fit(self, env: BatchEnv) -> "Trigger":
        """Return itself; see ``Threat.fit``.

        Raises:
            InvalidConfig: the trigger lies outside of what can be seen.
        """
        self.refuse_outside(env)
        return self

    @property
    def chance(self) -> float | None:
        """Every percept that it may stamp, unless only so many are to be poisoned."""
        return 1.0 if self.poisoned is None else None

    def init(self, E: int, N: int) -> State:
        """Return that nothing was perceived yet."""
        return {"lived": np.zeros((E, N), dtype=np.int64)}

    def in_words(self) -> dict[str, str]:
        """Say what is seen, and when."""
        what = f"the agent sees {list(self.values)} in entries {list(self.entries)}"
        return {"does": f"{what}, {in_words(self.poisoned, self.of, self.spread)}"}

    def apply(self, state: State, known: Known, draws: Draws) -> tuple[Proposal, State]:
        """Stamp what is due."""
        del draws  # deterministic
        due = is_due(state["lived"], self.poisoned, self.of, self.spread)
        told = Proposal(known.afford(known.opportunities & due), self.stamped(known.own_percept))
        return told, {"lived": state["lived"] + known.opportunities}
