"""One aggregation: who takes part, what the chain decides, and the one read that carries it out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.safety.aggregation import combinations, kernels
from rallypoint.safety.aggregation.anchors import anchors_of
from rallypoint.safety.aggregation.decisions import Decision, decide
from rallypoint.safety.aggregation.explanation import Explanation
from rallypoint.safety.aggregation.grams import compared, refined, refuse_too_many, seen_from
from rallypoint.safety.aggregation.kernels import Block, Piece, Row
from rallypoint.safety.aggregation.parts import Context, CoordinateRule, Part, SpanRule
from rallypoint.safety.aggregation.span import Matrix, Span
from rallypoint.safety.aggregation.updates import AnchorOf, Indices, Updates

_SUMS = 9  # rows of scratch that a coordinate rule takes to add up
_STEP = 1024  # columns, where nothing is multiplied


class _Settled(NamedTuple):
    """What was decided about the updates that take part, (r,), and the anchors."""

    rows: Indices
    decision: Decision


@dataclass(frozen=True, eq=False)
class Round:
    """The updates of one round, and the chain that is asked about them."""

    chain: Sequence[Part]
    updates: Updates
    f: int
    context: Context

    def aggregate(self) -> Any:
        """Return the aggregate, (d,)."""
        if self._looks:
            return self._carried_out(self._settled())
        # Nothing was read yet. Whether all is finite shows while it is, so it is read only once;
        # if it is not, all begins anew, without those.
        broken = np.zeros(self.updates.n, dtype=bool)
        answer = self._carried_out(self._decided(np.arange(self.updates.n)), broken)
        looks_whole = isinstance(self.chain[-1], CoordinateRule) or self.updates.is_finite(answer)
        return answer if looks_whole and not broken.any() else self._carried_out(self._settled())

    def explain(self) -> Explanation:
        """Say what the aggregate is made of."""
        return self._explained(self._settled())

    def aggregate_and_explain(self) -> tuple[Any, Explanation]:
        """Return what the two do, for little more than one."""
        if not self._looks:
            return self.aggregate(), self.explain()
        settled = self._settled()
        return self._carried_out(settled), self._explained(settled)

    def _explained(self, settled: _Settled) -> Explanation:
        rows, decision = settled
        r = len(rows)
        given = self._shares(rows, decision) if decision.rule else decision.weights
        assert given is not None
        weights = np.zeros(self.updates.n)
        weights[rows] = given[:r]
        mixing = None
        if decision.mixing is not None:
            mixing = np.zeros((len(decision.mixing), self.updates.n))
            mixing[:, rows] = decision.mixing[:, :r]
        return Explanation(
            weights=weights,
            anchors=dict(zip(self._anchors, given[r:].tolist(), strict=False)),
            is_exact=decision.weights is not None,
            believed=np.flatnonzero(weights),
            dropped=np.flatnonzero(weights == 0),
            left_out=np.setdiff1d(np.arange(self.updates.n), rows),
            mixing=mixing,
        )

    @cached_property
    def _anchors(self) -> Mapping[str, AnchorOf]:
        return anchors_of(self.chain, self.context)

    @property
    def _looks(self) -> bool:
        """Whether it must be known who takes part before anything is decided.

        That is where updates are compared, and where something is drawn, which is done only once.
        """
        return self._compares or any("rng" in part.needs for part in self.chain)

    @property
    def _compares(self) -> bool:
        """Whether any part compares updates."""
        return any(not (part.oblivious or isinstance(part, CoordinateRule)) for part in self.chain)

    @property
    def _is_radial(self) -> bool:
        """Whether no two updates are compared; a rule is the first part only if nothing mixes."""
        first = self.chain[0]
        return isinstance(first, SpanRule) and first.radial

    def _settled(self) -> _Settled:
        """Find out who takes part, and decide."""
        if self._compares:
            trusted = self.context.trusted or ()
            if self._is_radial:
                trusted = trusted if "trusted" in self.chain[0].needs else ()
                return self._decided(*seen_from(self.updates, self.f, self._anchors, trusted))
            return self._decided(*compared(self.updates, self.f, self._anchors, trusted))
        broken = np.zeros(self.updates.n, dtype=bool)
        for _ in _watched(self.updates.pieces(), broken, self.chain[-1]):
            pass
        refuse_too_many(np.flatnonzero(broken), self.f, "non-finite")
        return self._decided(np.flatnonzero(~broken))

    def _decided(
        self,
        rows: Indices,
        gram: Matrix | None = None,
        squared: Matrix | None = None,
        ordered: Matrix | None = None,
    ) -> _Settled:
        left = self.f - (self.updates.n - len(rows))
        context = _of_rows(self.context, rows, self.updates.n)
        span = self._span(rows, gram, squared, ordered)
        return _Settled(rows, decide(self.chain, span, left, context))

    def _span(
        self,
        rows: Indices,
        gram: Matrix | None,
        squared: Matrix | None = None,
        ordered: Matrix | None = None,
    ) -> Span:
        r = len(rows)
        places = {name: slice(at, at + 1) for at, name in enumerate(self._anchors, start=r)}
        if gram is None:  # nobody will look
            gram = np.full((r + len(places), r + len(places)), np.nan)
        # Not a function in here: one that knows the span is only freed by the cycle collector.
        return Span(gram, r, places, partial(self._sampled, rows, gram), squared, ordered)

    def _sampled(self, rows: Indices, gram: Matrix, rng: np.random.Generator, columns: int) -> Span:
        """Return the span of so many columns, drawn without replacement."""
        d = self.updates.columns()
        if columns >= d and not self._is_radial:
            return self._span(rows, gram)
        some = self.updates.taking(rows, list(self._anchors.values()))
        if columns < d:
            some = some.at(np.sort(rng.choice(d, columns, replace=False, shuffle=False)))
        return self._span(rows, refined(some, some.gram(0)))

    def _carried_out(self, settled: _Settled, broken: NDArray[np.bool_] | None = None) -> Any:
        """Return the aggregate, (d,); mark which updates are broken, if asked to."""
        rows, (weights, mixing, rule, f) = settled
        if weights is not None and self._anchors:
            points, combination = self._pointed(rows, weights[None])
            decision = Decision(weights=combination[0])
        elif weights is None and mixing is not None:
            points, mixing = self._pointed(rows, mixing)
            decision = Decision(mixing=mixing, rule=rule, f=f)
        else:
            points, decision = self.updates.taking(rows), settled.decision
        return carried_out(points, decision, self.context.previous, broken)

    def _shares(self, rows: Indices, decision: Decision) -> NDArray[np.float64]:
        """Return the mean share of each point in the coordinates, (k,)."""
        _, mixing, rule, f = decision
        assert rule is not None
        points, reduced = self.updates.taking(rows), None
        if mixing is not None:
            points, reduced = self._pointed(rows, mixing)
        total: Any = 0.0
        for block in _given(points.pieces(), reduced):
            total = total + rule.shares(block, f).sum(axis=1, dtype=np.float64)
        shares = total / points.columns()
        return np.asarray(shares if mixing is None else shares @ mixing)

    def _pointed(self, rows: Indices, combinations: Matrix) -> tuple[Updates, Matrix]:
        """Return the updates that take part and those anchors that combinations contain."""
        r = len(rows)
        has: NDArray[np.bool_] = np.asarray(combinations.any(axis=0))
        has[:r] = True
        for at, name in enumerate(self._anchors, start=r):
            has[at] &= name != "origin"  # which adds nothing
        anchors = [
            anchor for anchor, used in zip(self._anchors.values(), has[r:], strict=True) if used
        ]
        return self.updates.taking(rows, anchors), combinations[:, has]


def _of_rows(context: Context, rows: Indices, n: int) -> Context:
    """Return what is known of some of n updates, numbered anew."""
    if len(rows) == n:
        return context
    trusted = context.trusted
    if trusted is not None:
        trusted = np.flatnonzero(np.isin(rows, list(trusted))).tolist()
    return replace(
        context,
        trusted=trusted,
        counts=None if context.counts is None else np.asarray(context.counts)[rows],
        scores=None if context.scores is None else np.asarray(context.scores)[rows],
    )


def carried_out(
    points: Updates,
    decision: Decision,
    previous: Any = None,
    broken: NDArray[np.bool_] | None = None,
) -> Any:
    """Return the aggregate that was decided on, (d,).

    Args:
        points: updates and anchors.
        decision: about them.
        previous: (d,) what stays where too little arrived, for rules that skip what is lost.
        broken: (n,) where to mark the updates that the rule refuses.
    """
    if decision.weights is not None:
        return points.weighted_sum(decision.weights)
    assert decision.rule is not None
    pieces = _walked(points, decision)
    if broken is not None:
        pieces = _watched(pieces, broken, decision.rule)
    return points.joined(_values(pieces, decision, previous))


def _values(pieces: Iterator[Piece], decision: Decision, previous: Any) -> Iterator[Row]:
    rule = decision.rule
    assert rule is not None
    start = 0
    for block in _given(pieces, decision.mixing):
        with np.errstate(over="ignore", invalid="ignore"):
            is_ours = decision.mixing is not None  # then it was made for this rule alone
            row = (rule.consume if is_ours else rule.combine)(block, decision.f)
        if rule.skips_nan and previous is not None:
            missing = np.isnan(row)
            row[missing] = previous[start : start + len(row)][missing]
        start += len(row)
        yield row


def _given(pieces: Iterator[Piece], mixing: Matrix | None) -> Iterator[Block]:
    """Yield what a coordinate rule is given."""
    if mixing is not None:
        yield from combinations.mixed(pieces, mixing)
    else:
        yield from (p.updates.astype(kernels.working(p.updates.dtype), copy=False) for p in pieces)


def _walked(points: Updates, decision: Decision) -> Iterator[Piece]:
    """Yield blocks for a coordinate rule, so wide as its scratch allows.

    Rows are mixed into scratch, perhaps half of them beforehand, and compared in place there; all
    others are compared in as much scratch. Another precision makes a copy; some rows are for sums.
    """
    if decision.mixing is not None:
        mixed = len(decision.mixing)
        return points.pieces(points.width(mixed + mixed // 2 + mixed // 4 + _SUMS))
    copies = 2 if points.dtype != kernels.working(points.dtype) else 1
    return points.pieces(points.width(copies * points.n + points.n // 4 + _SUMS, _STEP))


def _watched(pieces: Iterator[Piece], broken: NDArray[np.bool_], rule: Part) -> Iterator[Piece]:
    """Yield blocks, which are then in the cache, and mark the updates with what a rule refuses."""
    for piece in pieces:
        here = kernels.non_finite(piece.updates)
        if isinstance(rule, CoordinateRule) and rule.skips_nan and here.any():
            here = np.asarray(np.isinf(piece.updates).any(axis=1))
        broken |= here
        yield piece
