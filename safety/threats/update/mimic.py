"""Mimic: everybody copies one honest contributor, so that its voice counts many times."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from rallypoint.errors import InvalidConfig
from rallypoint.safety.threats import State, register
from rallypoint.safety.threats.update import Answer, Generators, UpdateThreat
from rallypoint.safety.updates.directions import Row, length_of, mean_of, repeated
from rallypoint.safety.updates.known import KnownUpdates

_NOBODY = -1


@register
@dataclass(frozen=True, kw_only=True)
class Mimic(UpdateThreat):
    """All send what one honest contributor sends, the one furthest out where the honest differ.

    No lie is told, so no distance gives it away; it hurts where contributors differ lastingly. In
    the warm-up the direction in which they differ most is learnt, one step of Oja's rule a round,
    and whoever is furthest along it at the time is copied; whoever it is at the end, for good,
    except in rounds in which that contributor is missing.

    Source: Karimireddy, He & Jaggi (2022), "Byzantine-Robust Learning on Heterogeneous Datasets
    via Bucketing", ICLR, arXiv:2006.09365, section 3 and appendix B.
    """

    kind: ClassVar[str] = "mimic"
    must_know: ClassVar[frozenset[str]] = frozenset({"honest_updates"})

    knowledge: tuple[str, ...] = ("honest_updates",)
    warm_up: int = 10  # rounds

    def __post_init__(self) -> None:
        """Check the warm-up."""
        super().__post_init__()
        if self.warm_up < 1:
            raise InvalidConfig(f"warm_up is a number of rounds >= 1, got {self.warm_up!r}")

    def init(self, E: int, N: int) -> State:
        """Know no direction yet; each of E remembers what all of them know."""
        return {
            "direction": np.zeros((E, N)),
            "rounds": np.zeros(E, dtype=np.int64),
            "copied": np.full(E, _NOBODY),
        }

    def apply(self, state: State, known: KnownUpdates, rngs: Generators) -> Answer:
        """Learn, choose and copy."""
        # Whoever took part most often knows best.
        wisest = int(state["rounds"].argmax())
        rounds = int(state["rounds"][wisest])
        direction = state["direction"][wisest]  # (d,)
        copied = int(state["copied"][wisest])
        honest, who = known.honest, known.honest_contributors
        offsets = honest - mean_of(honest)  # (m, d)
        if rounds < self.warm_up:
            if not rounds:
                direction = rngs[0].standard_normal(known.shape[1])
            direction = _turned(direction, offsets, rounds)
            copied = int(who[np.abs(offsets @ direction).argmax()])
        present = np.flatnonzero(who == copied)
        row = present[0] if len(present) else np.abs(offsets @ direction).argmax()
        f_real = known.shape[0]
        after: State = {
            "direction": np.tile(direction, (f_real, 1)),
            "rounds": np.full(f_real, rounds + 1),
            "copied": np.full(f_real, copied),
        }
        return repeated(honest[row], known.shape), after


def _turned(direction: Row, offsets: NDArray[np.float64], rounds: int) -> Row:
    """Turn a direction (d,) towards where offsets (m, d) spread, one part in rounds + 1."""
    unit = _unit(direction)
    return _unit(rounds * unit + _unit((offsets @ unit) @ offsets))


def _unit(row: Row) -> Row:
    """Return a vector (d,) at length 1, or zero as it is."""
    return row / (length_of(row) or 1.0)
