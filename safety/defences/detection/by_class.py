"""Detection class by class: among the steps at which the same action was taken."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rallypoint.errors import InvalidConfig
from rallypoint.safety.defences.detection.detector import (
    MOST,
    Detector,
    Floats,
    blind_below,
    check_rows,
    check_share,
    how_many,
    sure_from,
)
from rallypoint.safety.defences.detection.que import Que
from rallypoint.safety.defences.numbers import refuse_masked

Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class OfClass:
    """What was found among the rows of one action."""

    action: int
    rows: int
    removed: int
    strength: float  # how much wider than it should be; of clean Gaussian rows about 1
    components: int  # directions that were looked along


@dataclass(frozen=True, kw_only=True)
class Detection:
    """Which rows are to go, and what could not be seen."""

    suspects: Mask  # (n,) the removed
    scores: Floats  # (n,) compare them within a class
    classes: tuple[OfClass, ...]  # by action
    share: float  # that was assumed

    def in_words(self) -> str:
        """Say what was found, and which clouds cannot be."""
        lines = [
            f"action {found.action}: {found.removed} of {found.rows} steps removed, "
            f"{found.strength:.2f} times as wide as expected along {found.components} directions"
            for found in self.classes
        ]
        lines.append(
            f"A cloud of {self.share:g} of a class whose mean lies less than "
            f"{blind_below(self.share):.1f} standard deviations from the others moves their mean "
            f"by less than sqrt({self.share:g}) of one, which no such test need notice; spectral "
            f"signatures are proved to separate it from {sure_from(self.share):.1f} on. As many "
            "rows are removed where nothing was planted; how wide rows should be is known of "
            "Gaussian ones only, which features rarely are."
        )
        return "\n".join(lines)


def detect(
    features: ArrayLike,
    actions: ArrayLike,
    *,
    share: float,
    detector: Detector | None = None,
) -> Detection:
    """Find rows that were planted, of each class 1.5 times as many as may be there.

    Args:
        features: (n, d) what the policy's last hidden layer makes of stored steps, in the end:
            ``InspectablePolicy.features`` of what was seen then.
        actions: (n,) what was done at them, numbered.
        share: of a class, how much may be planted, at most.
        detector: ``Que()`` if not given.

    Raises:
        InvalidConfig: arrays that do not fit; a share above a third; a class with fewer rows than
            dimensions, whose covariance would say nothing.
    """
    check_share(share)
    rows = check_rows(features, "features")
    classes = np.asarray(actions)
    refuse_masked(actions, "actions")
    if classes.shape != (len(rows),) or classes.dtype.kind not in "iu":
        raise InvalidConfig(
            f"actions are numbered, one for each of {len(rows)} rows, got {classes.dtype} "
            f"{classes.shape}; of real-valued actions, make classes first"
        )
    known, whose, counts = np.unique(classes, return_inverse=True, return_counts=True)
    _refuse_small(known, counts, rows.shape[1])
    look = Que() if detector is None else detector
    suspects = np.zeros(len(rows), dtype=bool)
    scores = np.empty(len(rows))
    found = []
    for at, action in enumerate(known.tolist()):
        mine = np.flatnonzero(whose == at)
        looked = look(rows[mine], share)
        removed = min(how_many(MOST * share, len(mine)), len(mine) // 2)
        suspects[mine[np.argsort(-looked.scores, kind="stable")[:removed]]] = True
        scores[mine] = looked.scores
        found.append(
            OfClass(
                action=action,
                rows=len(mine),
                removed=removed,
                strength=looked.strength,
                components=looked.components,
            )
        )
    return Detection(suspects=suspects, scores=scores, classes=tuple(found), share=share)


def _refuse_small(known: NDArray[np.generic], counts: NDArray[np.int64], dimensions: int) -> None:
    if (small := counts < dimensions).any():
        told = ", ".join(
            f"action {action} has {count}"
            for action, count in zip(known[small].tolist(), counts[small].tolist(), strict=True)
        )
        raise InvalidConfig(
            f"each class needs as many rows as features have entries, {dimensions}: {told}; "
            "record more steps, or leave out the classes that are too small"
        )
