"""The same updates in every form in which they may come, and what must be refused."""

import importlib.util
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.errors import InvalidConfig, InvalidUpdates, NotConformant, TooManyByzantine
from rallypoint.safety.aggregation.aggregator import Aggregator
from rallypoint.safety.aggregation.conformance.scenes import Scene, fewest, scene
from rallypoint.safety.aggregation.conformance.subject import Subject
from rallypoint.safety.aggregation.kernels import GRID
from rallypoint.safety.aggregation.parts import Context


def repeats_itself(subject: Subject, at: Scene) -> None:
    """The same comes of the same."""
    if subject(at).tobytes() != subject(at).tobytes():
        raise NotConformant(
            f"{subject.label} must answer the same to the same; its draws come from context.rng"
        )


def agrees_in_single_precision(subject: Subject, at: Scene) -> None:
    """float32 differs from float64 by rounding only."""
    rounded = replace(at, updates=at.updates.astype(np.float32).astype(np.float64))
    single, double = subject(rounded, np.float32), subject(rounded)
    extent = np.abs(rounded.updates).max()
    if np.abs(single - double).max() > 1e-3 * extent:
        raise NotConformant(
            f"{subject.label} must answer alike in float32 and float64, got {single} and {double}"
        )


def agrees_in_blocks(subject: Subject) -> None:
    """Blocks of columns of any widths give the bits of one piece."""
    at = wide(subject)
    updates = at.updates.astype(np.float32)
    whole = subject(at, np.float32)
    cuts = [0, 1, 700, GRID, GRID + 5, updates.shape[1]]
    blocks = [updates[:, start:end].copy() for start, end in pairwise(cuts)]
    for form in (blocks, lambda: iter(blocks)):
        answer = subject.aggregator(form, at.f, context=at.context(np.float32))
        if np.asarray(answer).tobytes() != whole.tobytes():
            raise NotConformant(
                f"{subject.label} must give the same bits in blocks as in one piece"
            )


def agrees_on_tensors(subject: Subject, at: Scene) -> None:
    """A torch tensor gives a tensor of the same numbers; not asked where there is no torch."""
    if importlib.util.find_spec("torch") is None:
        return
    from rallypoint.safety.aggregation.kernels_torch import tensor_of

    for dtype in (np.float32, np.float64):
        tensor = tensor_of(at.updates.astype(dtype))
        answer = subject.aggregator(tensor, at.f, context=at.context(dtype))
        if type(answer) is not type(tensor) or answer.dtype != tensor.dtype:
            raise NotConformant(f"{subject.label} must answer a tensor with one like it")
        if not np.array_equal(answer.numpy(), subject(at, dtype)):
            raise NotConformant(f"{subject.label} must answer a tensor as an array")


def explains_itself(subject: Subject, at: Scene) -> None:
    """Weights sum to one, and reproduce the aggregate where they say that they do."""
    context = at.context()
    told = subject.aggregator.explain(at.updates, at.f, context=context)
    total = told.weights.sum() + sum(told.anchors.values())
    if told.weights.shape != (len(at.updates),) or abs(total - 1) > 1e-6:
        raise NotConformant(f"{subject.label} must explain itself in weights that sum to one")
    if not told.is_exact:
        return
    points = {"origin": 0 * at.root, "root": at.root, "previous": at.previous}
    points["median"] = np.median(at.updates, axis=0)
    made = told.weights @ at.updates + sum(
        weight * points[name] for name, weight in told.anchors.items()
    )
    answer = subject(at)
    if np.abs(made - answer).max() > 1e-9 * np.abs(at.updates).max():
        raise NotConformant(f"{subject.label} must be what it explains, {made}, and is {answer}")


def leaves_out_the_broken(subject: Subject, at: Scene) -> None:
    """Updates that are not finite count against f, and more of them are refused by number."""
    updates = at.updates.copy()
    lying = np.setdiff1d(np.arange(len(updates)), at.honest)
    updates[lying] = np.inf
    told = subject.aggregator.explain(updates, at.f, context=at.context())
    if told.left_out.tolist() != lying.tolist():
        raise NotConformant(f"{subject.label} must say that it left out {lying}")
    updates[at.honest[0]] = -np.inf
    _must_refuse(
        subject,
        InvalidUpdates,
        "more than f updates that are not finite",
        updates,
        at.f,
        at.context(),
    )


def refuses(subject: Subject, at: Scene) -> None:
    """What cannot be meant raises, and says what must hold."""
    updates, f, context = at.updates, at.f, at.context()
    for need in sorted(subject.aggregator.needs):
        nothing: dict[str, Any] = {need: None}
        without = replace(context, **nothing)
        _must_refuse(subject, InvalidConfig, f"a missing {need}", updates, f, without)
    least = fewest(subject.aggregator, f)
    if least > f + 1:
        few = updates[: least - 1]
        part = Context() if "trusted" in subject.aggregator.needs else context
        _must_refuse(subject, TooManyByzantine, f"n = {least - 1}, f = {f}", few, f, part)
    for wrong in (-1, len(updates), 1.0, True):
        _must_refuse(subject, InvalidConfig, f"f = {wrong!r}", updates, wrong, context)
    for bad in (updates[0], updates[:0], updates.astype(int), updates.astype(object), updates > 0):
        _must_refuse(subject, InvalidUpdates, f"{bad.dtype} of {bad.shape}", bad, f, context)
    _must_raise(
        subject,
        InvalidConfig,
        "an unknown parameter",
        lambda: Aggregator.parse(subject.aggregator.name, no_such_parameter=1),
    )


def endures_the_smallest(subject: Subject) -> None:
    """One update, nobody lying: its own aggregate where the bound allows it, else refused."""
    for n in (1, 2, 3):
        at = scene(n, 0, 3, n)
        if fewest(subject.aggregator, 0) <= n:
            subject(at)
        else:
            _must_refuse(subject, TooManyByzantine, f"n = {n}", at.updates, 0, at.context())


def agrees_with(
    subject: Subject, at: Scene, reference: Callable[[NDArray[np.float64], int], Any]
) -> None:
    """A brute-force reference gives the same."""
    expected = np.asarray(reference(at.updates, at.f))
    answer = subject(at)
    if np.abs(answer - expected).max() > 1e-6 * np.abs(at.updates).max():
        raise NotConformant(
            f"{subject.label} must agree with the reference, {expected}, and answers {answer} to "
            f"{at.updates.tolist()} with f = {at.f}"
        )


def wide(subject: Subject) -> Scene:
    """Return a scene of more columns than a block has."""
    return scene(fewest(subject.aggregator, 1) + 1, 1, GRID + 904, 7)


def _must_refuse(subject: Subject, error: type[Exception], what: str, *given: Any) -> None:
    updates, f, context = given
    _must_raise(subject, error, what, lambda: subject.aggregator(updates, f, context=context))


def _must_raise(
    subject: Subject, error: type[Exception], what: str, call: Callable[[], Any]
) -> None:
    try:
        answer = call()
    except error:
        return
    except Exception as other:
        raise NotConformant(
            f"{subject.label} must refuse {what} with {error.__name__}, and raises {other!r}"
        ) from other
    raise NotConformant(f"{subject.label} must refuse {what}, and answers {answer}")
