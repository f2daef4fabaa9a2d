"""Normalised: the aggregate is turned as far as possible, then stretched."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.errors import InvalidConfig
from rallypoint.safety.threats import State, register
from rallypoint.safety.threats.update import Answer, Generators, UpdateThreat
from rallypoint.safety.updates.directions import (
    DIRECTIONS,
    Row,
    away,
    length_of,
    mean_of,
    repeated,
    spread_of,
)
from rallypoint.safety.updates.known import KnownUpdates
from rallypoint.safety.updates.line_search import HIGH, LOW, strongest


@register
@dataclass(frozen=True, kw_only=True)
class Normalized(UpdateThreat):
    """All send the lie that turns the aggregate furthest from the honest mean, then stretched.

    First, along each direction of lies, the one is sought for which the angle between the
    aggregate and the honest mean is largest, at the mean's own length: a server that normalises
    what it gets is not deceived by length. Then the best of them is stretched or shrunk to where
    the aggregate goes furthest against the honest mean. Receipts say by how much.

    Source: in the setting of Fang, Wang & Gong (2025), "Provably Robust Federated Reinforcement
    Learning", WWW, arXiv:2502.08123: maximise the angle, then scale. How both are searched is ours.
    """

    kind: ClassVar[str] = "normalized"
    must_know: ClassVar[frozenset[str]] = frozenset({"honest_updates", "aggregator"})

    knowledge: tuple[str, ...] = ("honest_updates", "aggregator")
    evaluations: int = 40  # of the aggregator, in all

    def __post_init__(self) -> None:
        """Check the settings."""
        super().__post_init__()
        if self.evaluations < 12:
            raise InvalidConfig(
                "evaluations are at least 12, three for each of three directions and for the "
                f"length, got {self.evaluations!r}"
            )

    def strengths(self, n: int) -> tuple[float, float]:
        """Return where a stretch is sought."""
        del n
        return LOW, HIGH

    def init(self, E: int, N: int) -> State:
        """Remember the stretch, for the receipt."""
        del N
        return {"strength": np.full(E, np.nan)}

    def apply(self, state: State, known: KnownUpdates, rngs: Generators) -> Answer:
        """Turn, then stretch."""
        del rngs  # deterministic
        mean = mean_of(known.honest)
        each, rest = divmod(self.evaluations, 4)
        directions = (away(name, known.honest, mean) for name in DIRECTIONS[1:])
        # "mean" is "unit" at another scale.
        found = [_turned(known, mean, way, each) for way in directions if way.any()]
        if not found:  # the honest agree on zero: there is nothing to turn
            return repeated(mean, known.shape), state
        _, turned = max(found, key=lambda pair: pair[0])
        stretch, _ = strongest(
            lambda s: float(-(known.answer_to(s * turned) @ mean)),
            scale=1.0,
            evaluations=each + rest,
        )
        lies = repeated(stretch * turned, known.shape)
        return lies, {"strength": np.full_like(state["strength"], stretch)}


def _turned(known: KnownUpdates, mean: Row, direction: Row, evaluations: int) -> tuple[float, Row]:
    """Return the largest angle found along a direction, and the lie (d,) that brings it about."""
    length = length_of(mean)

    def lie(a: float) -> Row:
        moved = mean + a * direction
        return moved * (length / (length_of(moved) or 1.0))

    factor, angle = strongest(
        lambda a: _angle(known.answer_to(lie(a)), mean),
        scale=(spread_of(known.honest, mean) or 1.0) / length_of(direction),
        evaluations=evaluations,
    )
    return angle, lie(factor)


def _angle(one: Row, other: Row) -> float:
    """Return the angle between two vectors, in radians; a right one if either is zero."""
    scale = length_of(one) * length_of(other)
    return float(np.arccos(np.clip(one @ other / scale, -1, 1))) if scale else np.pi / 2
