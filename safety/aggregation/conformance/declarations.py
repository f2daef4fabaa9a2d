"""What a part says of itself, and whether it is true."""

import inspect
from collections.abc import Sequence
from itertools import combinations
from typing import Any, get_args

import numpy as np

from rallypoint.config import check_frozen
from rallypoint.errors import NotConformant, RallypointError
from rallypoint.safety.aggregation.conformance.properties import PROPERTIES
from rallypoint.safety.aggregation.conformance.scenes import Scene, fewest, scene
from rallypoint.safety.aggregation.conformance.subject import Subject
from rallypoint.safety.aggregation.parts import Anchor, Need, Part
from rallypoint.safety.aggregation.rules import aggregators

_KAPPA_SCENES = 8


def declares_itself(part: Part) -> None:
    """Refuse a part that is no registered config, or leaves out what others must know of it."""
    kind: Any = type(part)
    label = f"the aggregator {getattr(part, 'name', kind.__name__)!r}"
    check_frozen(part, label)
    for said in ("name", "bound", "cost", "source"):
        if not isinstance(getattr(part, said, None), str) or not getattr(part, said):
            raise NotConformant(f"{label} must declare its {said}, a text")
    if part.name not in aggregators or aggregators[part.name] is not kind:
        raise NotConformant(f"{label} must be registered under its name: decorate with @register")
    if others := [
        name for name, other in aggregators.items() if other is kind and name != part.name
    ]:
        raise NotConformant(
            f"{label} must be registered under its name alone, and is {others[0]!r}, too: call its "
            f"entry point {part.name!r}"
        )
    _declares_what_there_is(part, label)


def _declares_what_there_is(part: Part, label: str) -> None:
    for said, known in (
        ("needs", get_args(Need)),
        ("anchors", get_args(Anchor)),
        ("lacks", tuple(PROPERTIES)),
    ):
        if strange := sorted(set(getattr(part, said)) - set(known)):
            raise NotConformant(f"{label} {said} {strange[0]!r}, which is none of {list(known)}")
    try:
        slope = part.least(1) - part.least(0)
    except RallypointError as error:
        raise NotConformant(f"{label} must have a bound that can be read: {error}") from error
    if slope < 0 or part.least(0) < 1:
        raise NotConformant(f"{label} must have a bound of n >= 1 and not falling with f")
    documentation = inspect.getdoc(type(part)) or ""
    for lack in sorted(part.lacks):
        if lack not in documentation:
            raise NotConformant(f"{label} must say in its docstring why it lacks {lack}")


def keeps_its_properties(subject: Subject, scenes: Sequence[Scene]) -> None:
    """Refuse an aggregator that lacks a property without saying so."""
    for name, contradiction in PROPERTIES.items():
        if name in subject.lacks:
            continue
        for at in scenes:
            if name == "order" and at.f < 3:  # Bulyan's last choices are between equals
                continue
            if found := contradiction(subject, at):
                raise NotConformant(
                    f"{subject.label} must keep {name} or declare that it lacks it: with "
                    f"n = {len(at.updates)}, f = {at.f}, {found}"
                )


def lacks_what_it_says(part: Part, subjects: Sequence[Subject], scenes: Sequence[Scene]) -> None:
    """Refuse a part that says it lacks what it is seen to keep everywhere."""
    for name in sorted(part.lacks):
        contradiction = PROPERTIES[name]
        if not any(contradiction(subject, at) for subject in subjects for at in scenes):
            raise NotConformant(
                f"the aggregator {part.name!r} says that it lacks {name}, but keeps it in all of "
                f"{len(scenes)} scenes: take {name} out of its lacks"
            )


def keeps_its_constant(subject: Subject) -> None:
    """Refuse an aggregator that is further from some honest mean than its constant allows."""
    for number in range(_KAPPA_SCENES):
        f = 1 + number % 2
        n = fewest(subject.aggregator, f) + number // 2 % 3
        at = scene(n, f, 1 + number % 4, 1000 + number)
        kappa = subject.aggregator.robustness(n, f)
        if kappa is None:
            continue
        answer = subject(at)
        for members in combinations(range(n), n - f):
            believed = at.updates[list(members)]
            middle = believed.mean(axis=0)
            variance = np.square(believed - middle).sum(axis=1).mean()
            if (off := np.square(answer - middle).sum()) > kappa * variance * (1 + 1e-6):
                raise NotConformant(
                    f"{subject.label} declares kappa = {kappa:.4g} of n = {n}, f = {f}, but is off "
                    f"the mean of {members} by {off / variance:.4g} variances"
                )
