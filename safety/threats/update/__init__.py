"""Threats to updates: what Byzantine contributors send in place of what they found.

To add one, write ``safety/threats/update/<kind>.py``:

    @register
    @dataclass(frozen=True, kw_only=True)
    class Shout(UpdateThreat):
        \"\"\"Each Byzantine contributor sends its own update, many times as long.\"\"\"

        kind: ClassVar[str] = "shout"
        must_know: ClassVar[frozenset[str]] = frozenset({"own_update"})

        knowledge: tuple[str, ...] = ("own_update",)
        factor: float = 100.0

        def apply(self, state: State, known: KnownUpdates, rngs: Generators) -> Answer:
            return self.factor * known.own, state

and check it with ``rallypoint.safety.conformance.assert_is_threat("shout")``. Its frame,
``rallypoint.safety.updates.UpdateThreats``, does for it what the frame around a world does there:
it keeps the threat to its victims, schedule and budget, shows it what it declared to know, and
writes down what was sent. Update threats count rounds where others count steps.

What they know is what is theirs to declare: ``own_update``, what these contributors would have
sent; ``colluders``, likewise for other Byzantine ones; ``honest_updates``; and ``aggregator``, the
server's rule without its randomness. Nothing, own updates only, or everything: published attacks
differ in this as much as in what they send.
"""

import math
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rallypoint.errors import InvalidConfig
from rallypoint.safety.limits import Victims
from rallypoint.safety.threats import Site, State, Threat

if TYPE_CHECKING:
    from rallypoint.safety.updates.known import KnownUpdates

Updates = NDArray[Any]  # (n, d), floating
Combine = Callable[[Updates], NDArray[Any]]  # (n, d) -> (d,)
Generators = Sequence[np.random.Generator]  # one for each of f_real contributors
Answer = tuple[Updates, State]  # (f_real, d), and what is remembered


@dataclass(frozen=True, kw_only=True)
class UpdateThreat(Threat):
    """Lies in the place of updates; all its victims of a round act as one."""

    site: ClassVar[Site] = "update"
    takes_all: ClassVar[bool] = True  # whoever may lie does: the frame sends what is proposed
    witnesses: ClassVar[bool] = False  # reasons from honest updates, or from its own in their place

    victims: Victims = "byzantine"

    def __post_init__(self) -> None:
        """Check that it declares what it reasons from.

        Raises:
            InvalidConfig: says what cannot be meant.
        """
        super().__post_init__()
        if self.witnesses and not {"honest_updates", "own_update"} & set(self.knowledge):
            raise InvalidConfig(
                f"{self.kind} reasons from honest updates; declare knowledge of honest_updates, or "
                "of own_update, for colluders who know only what they would have sent themselves"
            )

    @property
    def is_finite(self) -> bool:
        """Whether all numbers that it sends are finite."""
        return True

    def strengths(self, n: int) -> tuple[float, float]:
        """Return the least and the largest strength that it can tell of, among n contributors.

        As far as its declaration says; what lies beyond makes a run invalid.
        """
        del n
        return -math.inf, math.inf

    def init(self, E: int, N: int) -> State:
        """Return what E contributors remember before the first round, of updates with N columns.

        A state called ``strength`` (E,) is reported in receipts: the number by which it scaled its
        lie, NaN if it did not.
        """
        del E, N
        return {}

    @abstractmethod
    def apply(self, state: State, known: "KnownUpdates", rngs: Generators) -> Answer:
        """Say what these contributors send in this round, and what to remember.

        A pure function: nothing that comes in is written to, and the same comes of the same. It is
        asked in every round in which any of its victims takes part, also when none may lie, so
        that it can remember; what it says for those who may not is not sent.

        Args:
            state: as ``init`` or the last call returned it, for the same contributors.
            known: what is said in ``KnownUpdates``, and the declared views.
            rngs: one generator for each contributor, its own for this round.

        Returns:
            Lies (f_real, d), floating, and the new state.
        """
