"""From what is known of the updates to who is believed: a chain's parts, one after another."""

import functools
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from rallypoint.errors import InvalidConfig, InvalidUpdates, TooManyByzantine
from rallypoint.safety.aggregation.parts import (
    Anchor,
    Composite,
    Context,
    CoordinateRule,
    Mixing,
    Need,
    Part,
    SpanRule,
)
from rallypoint.safety.aggregation.span import Matrix, Span, Weights


class Decision(NamedTuple):
    """A combination of the points, or a rule for the coordinates of combinations of them."""

    weights: Weights | None = None  # (k,), unless a coordinate rule follows
    mixing: Matrix | None = None  # (n', k), if any part mixed
    rule: CoordinateRule | None = None
    f: int = 0  # that the coordinate rule tolerates


def decide(parts: Sequence[Part], span: Span, f: int, context: Context) -> Decision:
    """Ask the parts of a chain in turn.

    Args:
        parts: mixings, then a rule.
        span: of the updates that take part.
        f: how many of them may lie.
        context: of them.

    Raises:
        TooManyByzantine: fewer come into a part than it needs.
        InvalidConfig: a part answers with what is no combination, or needs what is not given.
    """
    mixing: Matrix | None = None
    queue = [(part, f, True) for part in parts]
    while queue:
        part, own_f, is_bound = queue.pop(0)
        if is_bound:
            check_bound(part, span.n, own_f)
        check_needs(part, context)
        match part:
            case SpanRule():
                row = _checked(part, part.weights(span, own_f, context)[None], len(span.gram))
                return Decision((row if mixing is None else _after(mixing, row))[0], mixing)
            case Composite():  # whose parts run below their own bounds, as it answers for them
                queue[:0] = [(inner, at, False) for inner, at in part.parts(span.n, own_f)]
            case Mixing():
                rows = _checked(part, part.mix(span, own_f, context), len(span.gram))
                if len(rows) != span.n:  # what was known of updates is not known of these
                    context = replace(context, trusted=None, counts=None, scores=None)
                mixing = rows if mixing is None else _after(mixing, rows)
                span = span.mixed(rows)
            case CoordinateRule():
                return Decision(mixing=mixing, rule=part, f=own_f)
    raise InvalidConfig(f"a chain ends in a rule, and {parts[-1].name} is none")


def check_bound(part: Part, n: int, f: int) -> None:
    """Refuse an f that a part does not tolerate among n, or not as it is set.

    Raises:
        TooManyByzantine: says the bound, what came, and which f would do.
        SearchTooLong: says how long it would take.
    """
    if n < (least := part.least(f)):
        most = max((g for g in range(f) if part.least(g) <= n), default=None)
        advice = f"take f <= {most}" if most is not None else "take another rule"
        raise TooManyByzantine(
            f"{part.name} needs {part.bound} updates: to tolerate f = {f} it needs {least}, and "
            f"gets n = {n}; {advice}, or more contributors"
        )
    part.refuse(n, f)


def check_needs(part: Part, context: Context) -> None:
    """Refuse a context that lacks what a part needs.

    Raises:
        InvalidConfig: says what, and how to give it.
        InvalidUpdates: of the updates that were trusted none takes part.
    """
    for need in _needs(part.needs, part.anchors):
        given = getattr(context, need)
        if need == "trusted" and given is not None and not len(given):
            raise InvalidUpdates(
                f"{part.name} needs a trusted update, and every one in context.trusted is not "
                "finite, or so far off that squares overflow: trust several, so that one that "
                "breaks down is no loss"
            )
        if given is None:
            raise InvalidConfig(
                f"{part.name} needs {need}: give context=Context({need}=…); it is lost where an "
                "earlier part changes the number of updates, if it is one value for each"
            )


@functools.cache  # asked for on every call, and twice
def _needs(needs: frozenset[Need], anchors: tuple[Anchor, ...]) -> list[str]:
    """Return what a part needs of the context, its anchors included."""
    return sorted(needs | ({"previous", "root"} & set(anchors)))


def _checked(part: Part, rows: Matrix, k: int) -> Matrix:
    """Return combinations (n', k), unless they are none."""
    rows = np.asarray(rows, np.float64)
    if rows.ndim != 2 or not len(rows) or rows.shape[1] != k:
        raise InvalidConfig(
            f"{part.name} must answer with weights of {k} points, got shape {rows.shape}"
        )
    if len(rows) == 1 and abs(float(rows.sum()) - 1) <= 1e-6:
        return rows  # the commonest, and sooner seen alone
    sums = rows.sum(axis=1)
    off = np.abs(sums - 1)
    # Where weights are large, so is what rounding leaves of their sum; few are.
    if not (off.max() <= 1e-6 or (off <= 1e-6 * np.maximum(1, np.abs(rows).sum(axis=1))).all()):
        raise InvalidConfig(f"weights of {part.name} must sum to one, and sum to {sums}")
    return rows


def _after(mixing: Matrix, rows: Matrix) -> Matrix:
    """Return combinations of mixed updates and anchors as ones of updates and anchors."""
    n = len(mixing)
    combined: Matrix = rows[:, :n] @ mixing
    combined[:, mixing.shape[1] - (rows.shape[1] - n) :] += rows[:, n:]
    return combined
