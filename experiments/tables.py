"""What a run found, as tables that read at 80 columns and without colour."""

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rallypoint.claims import Claim
from rallypoint.intervals import COVERAGE

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

_MAX_WIDTH = 100  # wider lines lead the eye astray
_WIDE = 100  # columns from which expectations need no second line
_COLOUR = {"holds": "green", "fails": "red", "undecided": "yellow"}
_MOST_FILES = 12  # of one folder, named one by one
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
    by_claim: dict[str, list[Claim]] = {}  # in the order of the run, and cells within too
    for claim in claims:
        by_claim.setdefault(_without_cell(claim), []).append(claim)
    for claim_id, together in by_claim.items():
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
    widths[4] = min(widths[4], 16)
    shown = [0, 1, 2, 3, 4]
    if width < 12 + sum(widths[1:]) + 2 * 4:  # expectations then go below, between sentences
        shown.remove(3)
    rest = sum(widths[place] for place in shown[1:]) + 2 * (len(shown) - 1)
    widths[0] = max(12, width - rest)

    def in_columns(row: Row) -> Table:
        columns = [
            Column(width=widths[place], justify="right" if place == 1 else "left", overflow="fold")
            for place in shown
        ]
        grid = Table.grid(*columns, padding=(0, 2, 0, 0), pad_edge=False)
        grid.add_row(*(row[place] for place in shown))
        return grid

    def across(sentence: str) -> Padding:
        short = textwrap.shorten(sentence, 2 * (width - 6), placeholder=" …")  # two lines
        return Padding(Text(short, style="dim"), (0, 2))

    def laid_out(line: "Row | str") -> "Iterator[RenderableType]":
        if isinstance(line, str):
            yield across(line)
            return
        yield in_columns(line)
        if 3 not in shown and len(line[3]):
            yield across(f"expected {line[3]}")

    return Group(
        in_columns(_HEADER), Rule(style="dim"), *(part for line in lines for part in laid_out(line))
    )


def verdict(claim: Claim) -> "Text":
    """Return the verdict in short and in colour."""
    from rich.text import Text

    known = claim.documented_limit and claim.verdict == "fails"
    words = "fails (known)" if known else verdict_in_words(claim)
    return Text(words, style="yellow" if _surprises(claim) else _COLOUR[claim.verdict])


def verdict_in_words(claim: Claim) -> str:
    """Say the verdict, and whether it is the one that was documented."""
    if claim.documented_limit and claim.verdict == "fails":
        return "fails, as documented"
    return "holds, though documented not to" if _surprises(claim) else claim.verdict


def _surprises(claim: Claim) -> bool:
    return claim.documented_limit and claim.verdict == "holds"


def files_in_words(names: Sequence[str]) -> str:
    """Name files; of many in one folder the folder, and how many there are.

    >>> files_in_words(["a.txt", "plots/b.png", *(f"parts/{n}" for n in range(40))])
    'a.txt, plots/b.png, parts/ (40 files)'
    """
    count_by_folder = Counter(name.rpartition("/")[0] for name in names)
    told = dict.fromkeys(
        f"{folder}/ ({count} files)" if folder and count > _MOST_FILES else name
        for name in names
        if (count := count_by_folder[folder := name.rpartition("/")[0]])
    )
    return ", ".join(told)


def number(value: float | None) -> str:
    """Say a number with three or four digits, or whole where it has more.

    >>> number(-1530.2), number(2e9), number(12.345)
    ('-1,530', '2e+09', '12.35')
    """
    if value is None:
        return "–"
    size = abs(value)
    if size >= 1_000_000 or 0 < size < 0.001:
        return f"{value:.3g}"
    if size >= 1000:
        return f"{value:,.0f}"
    return f"{value:.{3 if size < 10 else 2 if size < 100 else 1}f}"


def interval(claim: Claim) -> str:
    """Say an interval."""
    if claim.interval is None:
        return "–"
    low, high = claim.interval
    return f"[{number(low)}, {number(high)}]"


def one_line(claim: Claim) -> str:
    """Say a claim's outcome while the run goes on; the table says what was expected."""
    return f"{claim.id} {verdict(claim)}: {number(claim.measured)} {interval(claim)}"


def tally(claims: Sequence[Claim]) -> str:
    """Count verdicts in a sentence, documented limits apart."""
    if not claims:
        return "no claim was finished"
    ordinary = Counter(claim.verdict for claim in claims if not claim.documented_limit)
    limits = Counter(claim.verdict for claim in claims if claim.documented_limit)
    parts = []
    if num := ordinary.total():
        counted = [f"{ordinary['holds']} of {num} claims hold"]
        if fails := ordinary["fails"]:
            counted.append(f"{fails} fail{_s(fails)}")
        if ordinary["undecided"]:
            counted.append(f"{ordinary['undecided']} undecided")
        parts.append(", ".join(counted))
    if num := limits.total():
        limit = "documented limit" if num == 1 else "documented limits"
        seen, held = limits["fails"], limits["holds"]
        if seen:
            parts.append(f"{seen} of {num} {limit} fail{_s(seen)}, as documented")
        elif not held:
            parts.append("no documented limit seen to fail")
        if held:
            parts.append(f"{held} of {num} {limit} hold{_s(held)}, though documented not to")
    return "; ".join(parts)


def caution(claims: Sequence[Claim]) -> str | None:
    """Say how little the intervals cover, where some rest on few seeds or have no width.

    Drawn from values that are all one, a bootstrap finds nothing else, however few they are. What
    they may hide is what an exact interval of so many of so many leaves open.

    >>> caution([])
    """
    said = []
    found = [c.n for c in claims if c.method == "bootstrap" and c.level == 0.95 and c.n in COVERAGE]
    if found:
        least = min(found)
        said.append(
            f"95 % bootstrap intervals over {least} seeds cover about {100 * COVERAGE[least]:.0f} "
            "%: read them as lower limits of the uncertainty."
        )
    if alike := [claim for claim in claims if _has_no_width(claim)]:
        least = min(claim.n for claim in alike)
        tail = (1 - min(claim.level for claim in alike)) / 2
        others = f"{100 * (1 - tail ** (1 / least)):.0f} % of others may not"
        why = f"all seeds agree: what {least} of {least} do, up to {others}"
        if least == 1:
            why = f"there is but one seed: what it does, up to {others}"
        said.append(
            f"{len(alike)} interval{'s have' if len(alike) > 1 else ' has'} no width, since {why} "
            "(exact, Clopper-Pearson)."
        )
    return " ".join(said) or None


def _has_no_width(claim: Claim) -> bool:
    # That of a mean: medians, middle halves and bounds have none, either, where few seeds differ.
    ends = claim.interval
    return claim.method == "bootstrap" and ends is not None and ends[0] == ends[1]


def _s(count: int) -> str:
    return "s" if count == 1 else ""
