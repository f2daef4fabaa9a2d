"""All claims of some runs as files for other programs: CSV for spreadsheets, LaTeX for papers."""

import csv
import io
import re
from collections.abc import Iterator, Sequence

from rallypoint.claims import Claim
from rallypoint.experiments.report.recorded import Recorded
from rallypoint.experiments.tables import interval, number, verdict_in_words

COLUMNS = (
    *("run", "experiment", "claim", "statement", "measured", "low", "high", "level", "n"),
    *("expected", "verdict", "documented_limit", "source"),
)
CSV_SIGN = ",".join(COLUMNS)
LATEX_SIGN = r"% Claims of rallypoint runs; \usepackage{booktabs}"
_ESCAPED = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"$<$",
    ">": r"$>$",
    **{sign: rf"\{sign}" for sign in "&%$#_{}"},
}


def as_csv(runs: Sequence[Recorded]) -> str:
    """Return a row for every claim; numbers as they were measured, nothing where there is none."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for label, run, claim in _claims(runs):
        low, high = claim.interval or (None, None)
        cells = (
            *(label, run.summary.experiment, claim.id, claim.statement, claim.measured, low, high),
            *(claim.level, claim.n, str(claim.expected), claim.verdict),
            *(str(claim.documented_limit).lower(), claim.source),
        )
        writer.writerow([_harmless(cell) for cell in cells])
    return text.getvalue()


def as_latex(runs: Sequence[Recorded]) -> str:
    """Return a tabular: claim, measured with its interval, expected, verdict."""
    lines = [LATEX_SIGN, r"\begin{tabular}{llrll}", r"\toprule"]
    lines += [r"run & claim & measured & expected & verdict \\", r"\midrule"]
    for label, _, claim in _claims(runs):
        cells = label, claim.id, _measured(claim), str(claim.expected), verdict_in_words(claim)
        lines.append(" & ".join(map(_escaped, cells)) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def _claims(runs: Sequence[Recorded]) -> Iterator[tuple[str, Recorded, Claim]]:
    for run in runs:
        for claim in run.summary.claims:
            yield run.folder.name or str(run.folder), run, claim


def _measured(claim: Claim) -> str:
    return number(claim.measured) + (f" {interval(claim)}" if claim.interval else "")


def _harmless(cell: object) -> object:
    """Return a cell that no spreadsheet takes for a formula: a run may come from anybody."""
    if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{cell}"
    return cell


def _escaped(text: str) -> str:
    plain = re.sub(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", "\ufffd", text)
    return "".join(_ESCAPED.get(sign, sign) for sign in plain)
