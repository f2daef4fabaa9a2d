"""What is measured of a run: who was refused and why, how long nothing moved."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rallypoint.agents.rounds.simulated import Event, Lane, Simulation

_WHY = ("lipschitz", "frequency")


class Record:
    """What became of the gradients of R runs."""

    def __init__(self, lanes: Sequence[Lane]) -> None:
        """Begin to count."""
        self._lanes = lanes
        self._events: list[Event] = []
        self._tallies: list[list[dict[str, int]]] = []

    def add(self, event: Event, simulation: Simulation) -> None:
        """Count one gradient of each run."""
        self._events.append(event)
        self._tallies.append(simulation.tallies())

    def of(self, run: int) -> dict[str, Any]:
        """Return what became of a run's gradients, as plain values; shares of their kind."""
        threats = self._lanes[run].threats
        contributors = np.array([event.contributors[run] for event in self._events])
        liars = np.zeros(self._lanes[run].contributors, dtype=bool)
        if threats is not None:
            liars = threats.liars
        came = contributors >= 0
        honest = came & ~liars[contributors]
        moved = np.array([event.moved[run] for event in self._events])
        told: dict[str, Any] = {
            "gradients": int(came.sum()),
            "applied": int(moved.sum()),
            "staleness": float(
                np.mean([event.staleness[run] for event in self._events], where=came)
            ),
        }
        tallies = [tally[run] for tally in self._tallies]
        for why in _WHY:
            if why in tallies[-1]:
                counts = np.diff([tally[why] for tally in tallies], prepend=0) > 0
                told[f"honest_refused_{why}"] = _share(counts, honest)
        is_filter = "frequency" in tallies[-1]
        told["honest_refused"] = _share(~moved, honest) if is_filter else None
        told["lies_applied"] = _share(moved, came & ~honest) if is_filter else None
        told["longest_stall"] = tallies[-1]["longest_stall"]
        return told


def _share(what: np.ndarray, of: np.ndarray) -> float | None:
    return float(np.mean(what[of])) if of.any() else None
