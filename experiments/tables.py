"""What a run found, as tables that read at 80 columns and without colour."""

import textwrap
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from rallypoint.claims import Claim

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

_MAX_WIDTH = 100  # wider lines lead the eye astray
_WIDE = 100  # columns from which expectations need no second line
_COLOUR = {"holds": "green", "fails": "red", "undecided": "yellow"}
_HEADER = ("claim", "measured", "interval", "expected", "verdict")

Row = Sequence["str | Text"]


def claims_table(claims: Sequence[Claim], *, width: int) -> "RenderableType":
    """Return each claim with what was measured and the verdict, its statement below."""
    lines: list[Row | str] = []
    for claim in claims:
        found = number(claim.measured), interval(claim), str(claim.expected), verdict(claim)
        lines += [(_bold(claim.id), *found), claim.statement]
    return _laid_out(lines, width)


def cells_table(claims: Sequence[Claim], *, width: int) -> "RenderableType":
    """Return a sweep's claims, ``<id>/<cell>``: each with its statement, then a line per cell."""
    lines: list[Row | str] = []
    by_claim = sorted(claims, key=_without_cell)  # stable: cells keep their order
    for claim_id, cells in groupby(by_claim, key=_without_cell):
        together = list(cells)
        expected = str(together[0].expected)
        lines += [(_bold(claim_id), "", "", expected, ""), together[0].statement]
        for claim in together:
            cell = claim.id.rpartition("/")[2].replace(",", " ")
            lines.append((f"  {cell}", number(claim.measured), interval(claim), "", verdict(claim)))
    return _laid_out(lines, width)


def _bold(text: str) -> "Text":
    from rich.text import Text

    return Text(text, style="bold")


def _without_cell(claim: Claim) -> str:
    return claim.id.rpartition("/")[0]


def _laid_out(lines: "Sequence[Row | str]", width: int) -> "RenderableType":
    """Lay rows out in columns, and sentences across all of them, which no rich table can."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.rule import Rule
    from rich.table import Column, Table
    from rich.text import Text

    width = min(width, _MAX_WIDTH)
    rows = [_HEADER, *(line for line in lines if not isinstance(line, str))]
    widths = [max(len(row[place]) for row in rows) for place in range(len(_HEADER))]
    widths[3] = min(widths[3], 28 if width >= _WIDE else 14)
    widths[0] = max(12, width - sum(widths[1:]) - 2 * (len(widths) - 1))

    def in_columns(row: Row) -> Table:
        columns = [
            Column(width=each, justify="right" if place == 1 else "left", overflow="fold")
            for place, each in enumerate(widths)
        ]
        grid = Table.grid(*columns, padding=(0, 2, 0, 0), pad_edge=False)
        grid.add_row(*row)
        return grid

    def across(sentence: str) -> Padding:
        short = textwrap.shorten(sentence, 2 * (width - 6), placeholder=" …")  # two lines
        return Padding(Text(short, style="dim"), (0, 2))

    return Group(
        in_columns(_HEADER),
        Rule(style="dim"),
        *(across(line) if isinstance(line, str) else in_columns(line) for line in lines),
    )


def verdict(claim: Claim) -> "Text":
    """Return the verdict in words and colour."""
    from rich.text import Text

    known = claim.documented_limit and claim.verdict == "fails"
    return Text(
        f"{claim.verdict} (known)" if known else claim.verdict, style=_COLOUR[claim.verdict]
    )


def number(value: float | None) -> str:
    """Say a number with three or four digits."""
    if value is None:
        return "–"
    size = abs(value)
    if size >= 1000 or 0 < size < 0.001:
        return f"{value:.3g}"
    return f"{value:.{3 if size < 10 else 2 if size < 100 else 1}f}"


def interval(claim: Claim) -> str:
    """Say an interval."""
    if claim.interval is None:
        return "–"
    low, high = claim.interval
    return f"[{number(low)}, {number(high)}]"


def one_line(claim: Claim) -> str:
    """Say a claim's outcome while the run goes on."""
    found = f"{number(claim.measured)} {interval(claim)}, expected {claim.expected}"
    return f"{claim.id} {verdict(claim)}: {found}"


def tally(claims: Sequence[Claim]) -> str:
    """Count the verdicts in a sentence."""
    counts = Counter(claim.verdict for claim in claims)
    known = sum(claim.documented_limit and claim.verdict == "fails" for claim in claims)
    parts = [f"{counts['holds']} of {len(claims)} claims hold"]
    if counts["fails"]:
        how_known = f" ({known} known in advance)" if known else ""
        parts.append(f"{counts['fails']} fail{'s' if counts['fails'] == 1 else ''}{how_known}")
    if counts["undecided"]:
        parts.append(f"{counts['undecided']} undecided")
    return ", ".join(parts)
