"""Writes the tables of README, docs/parts.md, docs/speed.md and docs/aggregation.md.

python docs/readme_tables.py [--run DIR] [--bench FILE [--some]]
"""

import argparse
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rallypoint.experiments import listing
from rallypoint.safety.aggregation import aggregators

_IN_README = ("ring N=10 E=1024", "torus N=10 E=1024", "ring N=10 as ParallelEnv E=1")
_NEAREST = ("SuperSuit", "simple_spread")
README = Path(__file__).parents[1] / "README.md"
PARTS = Path(__file__).parent / "parts.md"
SPEED = Path(__file__).parent / "speed.md"
AGGREGATION = Path(__file__).parent / "aggregation.md"


def parts() -> str:
    """Return a table of every part of every kind."""
    rows = [
        (kind, f"`{entry.name}`", entry.about)
        for kind in listing.registries()
        for entry in listing.entries(kind)
    ]
    return table(("kind", "name", "what it is"), rows)


def rules() -> str:
    """Return a table of what is known about each part of an aggregator."""
    rows = []
    for name in aggregators:
        known = aggregators[name].facts()
        kappa = "" if known["kappa"] is None else f"{known['kappa']:.3g}"
        lists = [", ".join(known[key]) for key in ("needs", "lacks")]
        rows.append((f"`{name}`", known["kind"], known["bound"], kappa, known["cost"], *lists))
    return table(("part", "kind", "bound", "kappa", "cost", "needs", "lacks"), rows)


def claims(folder: Path) -> str:
    """Return a table of the claims of a run."""
    found = json.loads((folder / "summary.json").read_text())["claims"]
    rows = []
    for claim in found:
        low, high = claim["interval"]
        known = " (known)" if claim.get("documented_limit") and not claim["holds"] else ""
        measured = f"{claim['measured']:.3f} [{low:.3f}, {high:.3f}]"
        rows.append((claim["id"], measured, claim["expected"], claim["verdict"] + known))
    return table(("claim", "measured, 95 % interval", "expected", "verdict"), rows)


def speed(file: Path, *, whole: bool) -> str:
    """Return a table of what the benchmark compared; not whole: the rows of the README."""
    found = json.loads(file.read_text())
    rate = {case["id"]: case["agent_steps_per_cpu_second"] for case in found["cases"]}
    says = {True: "met", False: "**missed**", None: ""}
    rows = []
    for outcome in found["goals"]:
        goal = outcome["goal"]
        if outcome["kind"] == "within":
            measured, least = f"{outcome['median']:.3g} CPU s", f"≤ {goal['cpu_seconds']:g} s"
        elif not whole and not _is_in_readme(goal):
            continue
        elif outcome["median"] is None:
            measured, least = "not measured", ""
        else:
            measured = f"{_short(outcome['median'])} × {goal['called']}"
            least = f"≥ {goal['least']:,g}" if goal["least"] is not None else ""
        speed = f"{_short(rate[goal['case']])}" if rate.get(goal["case"]) else ""
        rows.append((goal["case"], speed, measured, least, says[outcome["met"]]))
    return table(("case", "agent-steps per CPU second", "compared", "goal", ""), rows)


def _is_in_readme(goal: Mapping[str, Any]) -> bool:
    compared = goal["called"] in _NEAREST and goal["least"] is not None
    return compared and (goal["case"] in _IN_README or goal["case"].startswith("PPO, ring"))


def _short(number: float) -> str:
    for size, letter in ((1e6, " M"), (1e3, " k")):
        if number >= 10 * size or (size == 1e6 and number >= size):
            return f"{number / size:.3g}{letter}"
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def replaced(text: str, name: str, table: str) -> str:
    """Put a table between its two markers."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    return pattern.sub(lambda _: f"{begin}\n{table}\n{end}", text)


def updated(text: str, name: str, table: str) -> str:
    """Put the rows of a table in the places of those about the same in the one that is there."""
    written = re.search(f"<!-- {name}: begin -->\n(.*?)\n<!-- {name}: end -->", text, re.DOTALL)
    rows = {} if written is None else {_about(line): line for line in written[1].splitlines()}
    rows |= {_about(line): line for line in table.splitlines()}
    return replaced(text, name, "\n".join(rows.values()))


def _about(line: str) -> tuple[str, str]:
    """Return which case a row of the table of speeds is about, and beside what."""
    _, case, _, compared, *_ = line.split("|")
    return case.strip(), re.sub(r"^\s*[\d.,]+( [kM])? ", "", compared).strip()


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Rewrite the README and the pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, help="a run of gathering")
    parser.add_argument("--bench", type=Path, help="what `make bench` wrote")
    parser.add_argument(
        "--some", action="store_true", help="it is of --only: leave all other rows as they are"
    )
    given = parser.parse_args()
    page = PARTS.read_text(encoding="utf-8")
    PARTS.write_text(replaced(page, "parts", parts()), encoding="utf-8")
    text = README.read_text(encoding="utf-8")
    if given.run:
        text = replaced(text, "claims", claims(given.run))
    if given.bench:
        put = updated if given.some else replaced
        text = put(text, "speed", speed(given.bench, whole=False))
        page = SPEED.read_text(encoding="utf-8")
        SPEED.write_text(put(page, "speed", speed(given.bench, whole=True)), encoding="utf-8")
    README.write_text(text, encoding="utf-8")
    page = AGGREGATION.read_text(encoding="utf-8")
    AGGREGATION.write_text(replaced(page, "rules", rules()), encoding="utf-8")


if __name__ == "__main__":
    main()
