"""Equivocation: a server says something else to everybody."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.config import check_least
from rallypoint.safety.threats import State, register
from rallypoint.safety.threats.server import ServerThreat, as_rows, models_of
from rallypoint.safety.threats.update import Answer, Generators
from rallypoint.safety.updates.known import KnownUpdates


@register
@dataclass(frozen=True, kw_only=True)
class Equivocation(ServerThreat):
    """To each recipient its model, moved in a random direction of that recipient's own.

    How far is in lengths of the model. Nobody who hears only it can tell; who compares can.

    Source: the fault that replication must survive, Lamport, Shostak & Pease (1982), "The Byzantine
    generals problem"; in the setting of El-Mhamdi et al. (2022), Distributed Computing 35.
    """

    kind: ClassVar[str] = "equivocation"
    must_know: ClassVar[frozenset[str]] = frozenset({"own_update"})

    knowledge: tuple[str, ...] = ("own_update",)
    scale: float = 1.0

    def __post_init__(self) -> None:
        """Check the settings."""
        super().__post_init__()
        check_least(self, 0, "scale")

    def apply(self, state: State, known: KnownUpdates, rngs: Generators) -> Answer:
        """Move each recipient's model elsewhere."""
        models = models_of(known)  # (f_real, K, d)
        away = np.stack([rng.standard_normal(models.shape[1:]) for rng in rngs])
        away /= np.maximum(np.linalg.norm(away, axis=2, keepdims=True), np.finfo(float).tiny)
        lengths = np.linalg.norm(models.astype(np.float64), axis=2, keepdims=True)
        return as_rows(models + self.scale * lengths * away, known.shape), state
