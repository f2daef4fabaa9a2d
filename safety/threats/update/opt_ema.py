"""Reverse of the running mean: against where the honest have been going, as far as it takes."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.config import check_within
from rallypoint.errors import InvalidConfig
from rallypoint.safety.threats import State, register
from rallypoint.safety.threats.update import Answer, Generators, UpdateThreat
from rallypoint.safety.updates.directions import mean_of, repeated
from rallypoint.safety.updates.known import KnownUpdates
from rallypoint.safety.updates.reversal import most_against


@register
@dataclass(frozen=True, kw_only=True)
class OptEma(UpdateThreat):
    """All send -a M: M a running mean of honest means, and a what turns the aggregate most.

    M <- inertia M + (1 - inertia) mean. The honest mean of one round is the gradient and much
    noise; a mean of many rounds is nearer to the gradient, while it does not change fast. So a lie
    along it does harm that one against this round's mean only seems to do: rules that hold the
    honest mean of the round still lose what its mean direction has in common with the gradient.
    The a is sought anew each round against the very rule, for the least <aggregate, M>, and at
    ``inertia`` 0 this is ``optimal`` with the direction "reverse". Receipts say a.

    Source: ours. That what liars remember can beat rules without memory, in another form:
    Karimireddy, He & Jaggi (2021), "Learning from History for Byzantine Robust Optimization",
    ICML, arXiv:2012.10333.
    """

    kind: ClassVar[str] = "opt_ema"
    must_know: ClassVar[frozenset[str]] = frozenset({"honest_updates", "aggregator"})

    knowledge: tuple[str, ...] = ("honest_updates", "aggregator")
    inertia: float = 0.8  # of the running mean
    evaluations: int = 20  # of the aggregator

    def __post_init__(self) -> None:
        """Check the settings."""
        super().__post_init__()
        check_within(self, "[0, 1)", "inertia")
        if self.evaluations < 3:
            raise InvalidConfig(f"evaluations are at least 3, got {self.evaluations!r}")

    def strengths(self, n: int) -> tuple[float, float]:
        """Return that it only goes ahead."""
        del n
        return 0.0, math.inf

    def init(self, E: int, N: int) -> State:
        """Know no rounds yet; each of E remembers what all of them know."""
        return {
            "strength": np.full(E, np.nan),
            "sum": np.zeros((E, N)),  # of means, the latest with weight 1
            "rounds": np.zeros(E, dtype=np.int64),
        }

    def apply(self, state: State, known: KnownUpdates, rngs: Generators) -> Answer:
        """Remember, ask, and send the strongest."""
        del rngs  # deterministic
        # Whoever took part most often knows best. The sum is M but for its length.
        wisest = int(state["rounds"].argmax())
        total = self.inertia * state["sum"][wisest] + mean_of(known.honest)
        factor = most_against(known, total, self.evaluations)
        f_real = known.shape[0]
        after: State = {
            "strength": np.full(f_real, factor),
            "sum": np.tile(total, (f_real, 1)),
            "rounds": np.full(f_real, state["rounds"][wisest] + 1),
        }
        return repeated(-factor * total, known.shape), after
