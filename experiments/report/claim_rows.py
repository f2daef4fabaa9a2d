"""Claims as a reader meets them: verdict in words, sources as numbered notes."""

from collections.abc import Sequence
from typing import NamedTuple

from rallypoint.claims import Claim
from rallypoint.experiments.report.metric_rows import Rows
from rallypoint.experiments.report.strips import Strip, draw_strip, margin, seed_values
from rallypoint.experiments.tables import caution, interval, number, tally, verdict_in_words

_SIGN = {">=": "≥", "<=": "≤"}


class ClaimRow(NamedTuple):
    """A claim, ready to be laid out."""

    claim: Claim
    anchor: str
    note: int  # number of its source
    measured: str
    interval: str
    support: str  # what the interval is made of
    expected: str
    icon: str  # holds, fails, undecided, or limit: known in advance
    verdict: str
    margin: str
    strip: Strip | None


class ClaimTables(NamedTuple):
    """A run's claims, with the limits known in advance apart from them."""

    claims: tuple[ClaimRow, ...]
    limits: tuple[ClaimRow, ...]
    sources: tuple[str, ...]
    tally: str
    caution: str | None  # of what the intervals do not say

    @property
    def all(self) -> tuple[ClaimRow, ...]:
        """Both."""
        return self.claims + self.limits


def claim_tables(claims: Sequence[Claim], rows: Rows, *, prefix: str) -> ClaimTables:
    """Lay out claims; prefix keeps the anchors of several runs apart."""
    sources = tuple(dict.fromkeys(claim.source for claim in claims))
    laid_out = [
        _row(claim, rows, anchor=f"{prefix}-claim-{place}", note=sources.index(claim.source) + 1)
        for place, claim in enumerate(claims, start=1)
    ]
    return ClaimTables(
        claims=tuple(row for row in laid_out if not row.claim.documented_limit),
        limits=tuple(row for row in laid_out if row.claim.documented_limit),
        sources=sources,
        tally=tally(claims),
        caution=caution(claims),
    )


def icon(claim: Claim) -> str:
    """Name the sign for a claim's verdict."""
    return "limit" if claim.documented_limit and claim.verdict == "fails" else claim.verdict


def _row(claim: Claim, rows: Rows, *, anchor: str, note: int) -> ClaimRow:
    expected = str(claim.expected)
    for ours, typeset in _SIGN.items():
        expected = expected.replace(ours, typeset)
    seeds = seed_values(claim, rows)
    return ClaimRow(
        claim=claim,
        anchor=anchor,
        note=note,
        measured=number(claim.measured),
        interval=interval(claim),
        support=f"{100 * claim.level:.3g}\u00a0% {claim.method}, n\u00a0=\u00a0{claim.n}",
        expected=expected,
        icon=icon(claim),
        verdict=verdict_in_words(claim),
        margin=margin(claim),
        strip=draw_strip(claim, seeds),
    )
