"""The aggregator on trial, called as its users would call it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.errors import NotConformant
from rallypoint.safety.aggregation.aggregator import Aggregator
from rallypoint.safety.aggregation.conformance.scenes import Scene
from rallypoint.safety.aggregation.parts import Mixing, Part, Property
from rallypoint.safety.aggregation.rules import aggregators
from rallypoint.safety.aggregation.rules.per_layer import PerLayer


@dataclass(frozen=True)
class Subject:
    """An aggregator, and what it says that it lacks."""

    aggregator: Aggregator

    @property
    def label(self) -> str:
        """How messages name it."""
        return f"the aggregator {self.aggregator.name!r}"

    @property
    def lacks(self) -> frozenset[Property]:
        """What any of its parts lacks."""
        return frozenset[Property]().union(*(part.lacks for part in self.aggregator.parts))

    def __call__(self, scene: Scene, dtype: Any = np.float64, **given: Any) -> NDArray[Any]:
        """Return the aggregate of a scene, (d,), finite and of the right form."""
        updates = scene.updates.astype(dtype)
        updates.flags.writeable = False
        context = scene.context(dtype, **given)
        try:
            answer = self.aggregator(updates, scene.f, context=context)
        except Exception as error:
            if isinstance(error, ValueError) and "read-only" in str(error):
                raise NotConformant(
                    f"{self.label} must not write to what it is given, and tried: {error}"
                ) from error
            raise NotConformant(
                f"{self.label} must answer within its bound, here n = {len(updates)} and "
                f"f = {scene.f}, and raises {error!r}"
            ) from error
        self.check_form(answer, updates)
        return np.asarray(answer)

    def check_form(self, answer: Any, updates: NDArray[Any]) -> None:
        """Refuse an answer that is no aggregate of these updates."""
        shape, dtype = updates.shape[1:], updates.dtype
        if not isinstance(answer, np.ndarray) or answer.shape != shape or answer.dtype != dtype:
            got = f"{getattr(answer, 'shape', answer)!r} of {getattr(answer, 'dtype', None)}"
            raise NotConformant(f"{self.label} must answer with {shape} of {dtype}, got {got}")
        if np.shares_memory(answer, updates):
            raise NotConformant(f"{self.label} must answer with an array of its own, not a view")
        if not np.isfinite(answer).all():
            raise NotConformant(f"{self.label} must answer with finite numbers, got {answer}")


def subjects_of(given: str | Part | Aggregator) -> list[Subject]:
    """Return what must be tried: a chain as it is, a mixing before a rule that lacks nothing.

    A mixing is tried before the mean as well, which hides nothing that it does.
    """
    if isinstance(given, Aggregator):
        return [Subject(given)]
    if isinstance(given, str):
        if given not in aggregators:
            return [Subject(Aggregator.parse(given))]
        given = _made(given)
    if isinstance(given, Mixing | PerLayer):
        after = [Aggregator.parse(rule).parts for rule in ("krum", "mean")]
        return [
            Subject(Aggregator(f"{given.name}+{rule[0].name}", (given, *rule))) for rule in after
        ]
    if not isinstance(given, Part):
        raise NotConformant(f"an aggregator is a name or an instance of Part, not {given!r}")
    return [Subject(Aggregator(given.name, (given,)))]


def _made(name: str) -> Part:
    kind = aggregators[name]
    try:
        return kind()
    except TypeError as error:
        raise NotConformant(
            f"the aggregator {name!r} must have a default for each of its parameters: {error}"
        ) from error
