"""Writes what the aggregators' benchmark found into docs/aggregation.md.

    .venv/bin/python benchmarks/rules_page.py runs/bench-aggregation.json [--page FILE]

`make bench MEASURE=aggregation` does it, too, once all is measured.
"""

import argparse
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from suites.rules import id_of
from suites.rules.verdicts import NOT_COMPARED, is_right
from table import number

PAGE = Path(__file__).parents[1] / "docs/aggregation.md"
_SHOWN = (20, 100_000), (20, 1_000_000), (100, 100_000)
_MARKS = "<!-- speed: begin -->", "<!-- speed: end -->"


def main(arguments: Sequence[str] | None = None) -> None:
    """Rewrite the page."""
    parser = argparse.ArgumentParser(description="Write the aggregators' speed into a page.")
    parser.add_argument("found", type=Path, help="what benchmarks/aggregation.py wrote")
    parser.add_argument("--page", type=Path, default=PAGE)
    given = parser.parse_args(arguments)
    rewrite(given.page, json.loads(given.found.read_text(encoding="utf-8")))


def rewrite(page: Path, found: Mapping[str, Any]) -> None:
    """Put the tables between the page's marks.

    Raises:
        ValueError: the page has no such marks.
    """
    begin, end = _MARKS
    text = page.read_text(encoding="utf-8")
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"{page} has no place for tables: it lies between {begin} and {end}")
    tables = f"{begin}\n{written(found)}\n{end}"
    page.write_text(pattern.sub(lambda _: tables, text), encoding="utf-8")


def written(found: Mapping[str, Any]) -> str:
    """Return the tables of times and of missed goals, as Markdown."""
    seconds = {
        case["id"]: median(s["cpu_seconds"] / s["pieces"] for s in case["samples"])
        for case in found["cases"]
        if case["samples"]
    }
    judged = [outcome for outcome in found["goals"] if outcome["met"] is not None]
    met = sum(outcome["met"] for outcome in judged)
    commit = found["commit"]["id"][:10] if found["commit"] else "unknown"
    said = [
        f"Measured on {found['machine']['cpu']}, at commit {commit}.",
        _times(seconds, found["answers"]),
        f"{met} of {len(judged)} goals are met.",
    ]
    if missed := [outcome for outcome in judged if not outcome["met"]]:
        said[-1] += " Missed, with what was found at each size:"
        said.append(_missed(missed))
    return "\n\n".join(said)


def _times(seconds: Mapping[str, float], answers: Mapping[str, str]) -> str:
    sizes = [size for size in _SHOWN if id_of("floor", "R", *size) in seconds]
    head = ["rule", *(cell for n, d in sizes for cell in (f"n = {n}, d = {d:,}", "fastest peer"))]
    rows = [
        [floor, *(cell for size in sizes for cell in (_ms(seconds, "floor", floor, *size), ""))]
        for floor in ("R", "G")
    ]
    libraries = dict.fromkeys(row.partition(": ")[0] for row in answers)
    for rule in (row.removeprefix("ours: ") for row in answers if row.startswith("ours: ")):
        cells = []
        for size in sizes:
            cells.append(_ms(seconds, "ours", rule, *size))
            peers = {
                seconds[id_of(library, rule, *size)]: library
                for library in libraries
                if library != "ours" and id_of(library, rule, *size) in seconds
            }
            cells.append(_peer(peers, rule, seconds.get(id_of("ours", rule, *size)), answers))
        rows.append([f"`{rule}`", *cells])
    return _table(head, rows)


def _ms(seconds: Mapping[str, float], library: str, rule: str, n: int, d: int) -> str:
    took = seconds.get(id_of(library, rule, n, d))
    return "" if took is None else f"{number(1e3 * took)} ms"


def _peer(
    peers: Mapping[float, str], rule: str, ours: float | None, answers: Mapping[str, str]
) -> str:
    """Return how many times as long the fastest peer takes, one that is right if there is one."""
    right = {
        took: library
        for took, library in peers.items()
        if (said := answers[f"{library}: {rule}"]) == NOT_COMPARED or is_right(said)
    }
    if not peers or ours is None:
        return ""
    took, library = min((right or peers).items())
    return f"{number(took / ours)} × ({library}{'' if right else ', wrong'})"


def _missed(outcomes: Sequence[Mapping[str, Any]]) -> str:
    """Return a table with a row for each rule and goal."""
    found: dict[tuple[str, str], list[str]] = {}
    whys: dict[tuple[str, str], dict[str, None]] = {}
    for outcome in outcomes:
        goal = outcome["goal"]
        rule, _, size = goal["case"].removeprefix("ours: ").partition(" n=")
        is_limit = outcome["kind"] == "atmost"
        expected = goal["expected"] if is_limit else f"{_least(goal)} × {goal['called']}"
        what = number(outcome["median"]) + (" of it" if is_limit else "")
        key = f"`{rule}`", expected
        found.setdefault(key, []).append(f"{_size(size)}: {what}")
        whys.setdefault(key, {})[goal["why"]] = None
    rows = [
        [*key, "; ".join(found[key]), "; ".join(filter(None, whys[key]))] for key in sorted(found)
    ]
    return _table(["rule", "goal", "found", "why"], rows)


def _least(goal: Mapping[str, Any]) -> str:
    return f"≥ {goal['least']:g}"


def _size(text: str) -> str:
    """Return "20 × 10⁵" for "20 d=100,000".

    >>> _size("20 d=100,000")
    '20 × 10⁵'
    """
    n, _, d = text.partition(" d=")
    zeros = str(d.count("0")).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{n} × 10{zeros}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
