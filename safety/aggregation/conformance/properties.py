"""The properties that a rule has, or says that it lacks: each finds what contradicts it."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rallypoint.draws import stream
from rallypoint.safety.aggregation.conformance.scenes import Scene
from rallypoint.safety.aggregation.conformance.subject import Subject
from rallypoint.safety.aggregation.parts import Property

# Given an aggregator and a scene, says what contradicts the property, or nothing.
Contradiction = Callable[[Subject, Scene], str]
_CLOSE = 1e-6  # of the extent of a scene: what iterations that stop early may leave
_FAR = 10  # extents of a scene, which no lie may move a bounded aggregate


def order(subject: Subject, scene: Scene) -> str:
    """The contributors' order does not matter."""
    shuffle = stream(scene.seed, "order").permutation(len(scene.updates))
    return _differ(scene, subject(scene.shuffled(shuffle)), subject(scene))


def translation(subject: Subject, scene: Scene) -> str:
    """If all points move, the aggregate moves with them."""
    rng = stream(scene.seed, "translation")
    shift = rng.normal(0, 10 ** rng.uniform(0, 4), (scene.updates.shape[1],))
    return _differ(scene, subject(scene.moved(shift)), subject(scene) + shift)


def scaling(subject: Subject, scene: Scene) -> str:
    """In another unit the aggregate is the same."""
    factor = 10 ** stream(scene.seed, "scaling").uniform(-4, 4)
    return _differ(scene, subject(scene.scaled(factor)) / factor, subject(scene))


def rotation(subject: Subject, scene: Scene) -> str:
    """In other axes the aggregate is the same."""
    d = scene.updates.shape[1]
    turn, _ = np.linalg.qr(stream(scene.seed, "rotation").standard_normal((d, d)))
    return _differ(scene, subject(scene.turned(turn)), subject(scene) @ turn)


def idempotence(subject: Subject, scene: Scene) -> str:
    """What all agree on is the aggregate."""
    agreed = replace(scene, updates=np.tile(scene.updates[0], (len(scene.updates), 1)))
    return _differ(scene, subject(agreed), scene.updates[0])


def honest_range(subject: Subject, scene: Scene) -> str:
    """Whatever is huge, infinite or no number leaves every coordinate in the honest range."""
    lying = np.setdiff1d(np.arange(len(scene.updates)), scene.honest)
    lies_by_name = {"1e30": 1e30, "-1e30": -1e30, "NaN": np.nan, "inf": np.inf}
    if any(getattr(part, "skips_nan", False) for part in subject.aggregator.parts):
        del lies_by_name["NaN"]  # which is no lie then, but a loss
    for name, lie in lies_by_name.items():
        for liars in {scene.f, 1}:
            agreeing = np.resize(scene.honest, scene.f)  # all but the liars
            lies = scene.updates[agreeing]
            lies[:liars] = lie
            honest = np.delete(scene.updates, lying[:liars], axis=0)
            low, high = honest.min(axis=0), honest.max(axis=0)
            slack = 1e-5 * (np.abs(honest).max() + (high - low))
            for dtype in (np.float32, np.float64):  # squares of 1e30 overflow in one of them
                answer = subject(scene.with_lies(lies), dtype)
                if (answer < low - slack).any() or (answer > high + slack).any():
                    return f"{liars} rows of {name} bring it to {answer}, not from {low} to {high}"
    return ""


def bounded(subject: Subject, scene: Scene) -> str:
    """No lies, of whatever size and direction, move the aggregate far."""
    honest = scene.updates[scene.honest]
    extent, middle = _extent(scene), honest.mean(axis=0)
    rng = stream(scene.seed, "bounded")
    for size in (1.0, 10.0, 1e3, 1e6, 1e9):
        for together in (True, False):
            rows = 1 if together else scene.f
            lies = middle + size * extent * rng.standard_normal((rows, len(middle)))
            answer = subject(scene.with_lies(np.broadcast_to(lies, (scene.f, len(middle)))))
            if (moved := np.linalg.norm(answer - middle)) > _FAR * extent:
                return f"lies of size {size:g} move it by {moved / extent:.3g} honest extents"
    return ""


PROPERTIES: Mapping[Property, Contradiction] = {
    "order": order,
    "translation": translation,
    "scaling": scaling,
    "rotation": rotation,
    "idempotence": idempotence,
    "honest_range": honest_range,
    "bounded": bounded,
}


def _extent(scene: Scene) -> float:
    """Return the greatest distance between honest updates and what a rule may measure from."""
    points = np.vstack(
        [scene.updates[scene.honest], scene.root, scene.previous, np.zeros_like(scene.root)]
    )
    return float(np.linalg.norm(points[:, None] - points, axis=2).max())


def _differ(scene: Scene, one: NDArray[np.float64], other: NDArray[np.float64]) -> str:
    if np.abs(one - other).max() <= _CLOSE * (_extent(scene) + np.abs(other).max()):
        return ""
    return f"it answers {one} instead of {other}"
