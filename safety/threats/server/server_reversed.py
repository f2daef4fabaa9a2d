"""Reversed server: it sends the opposite of its parameters."""

from dataclasses import dataclass
from typing import ClassVar

from rallypoint.safety.threats import State, register
from rallypoint.safety.threats.server import ServerThreat
from rallypoint.safety.threats.update import Answer, Generators
from rallypoint.safety.updates.known import KnownUpdates


@register
@dataclass(frozen=True, kw_only=True)
class ServerReversed(ServerThreat):
    """The server sends its model times a negative factor, to everybody alike.

    Source: the reverse attack of Guerraoui, Guirguis, Plassmann, Ragot & Rouault (2021), "Garfield:
    system support for Byzantine machine learning", DSN, whose factor is 100.
    """

    kind: ClassVar[str] = "server_reversed"
    must_know: ClassVar[frozenset[str]] = frozenset({"own_update"})

    knowledge: tuple[str, ...] = ("own_update",)
    factor: float = 1.0

    def apply(self, state: State, known: KnownUpdates, rngs: Generators) -> Answer:
        """Reverse."""
        del rngs  # deterministic
        return -self.factor * known.own, state
