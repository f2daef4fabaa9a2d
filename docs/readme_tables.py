"""Writes the README's tables: parts from the registries, claims from a run, speed from a benchmark.

python docs/readme_tables.py [--run DIR] [--bench FILE]
"""

import argparse
import json
import re
from collections.abc import Sequence
from pathlib import Path

from rallypoint.experiments import listing

README = Path(__file__).parents[1] / "README.md"


def parts() -> str:
    """Return a table of every part of every kind."""
    rows = [
        (kind, f"`{entry.name}`", entry.about)
        for kind in listing.registries()
        for entry in listing.entries(kind)
    ]
    return _table(("kind", "name", "what it is"), rows)


def claims(folder: Path) -> str:
    """Return a table of the claims of a run."""
    found = json.loads((folder / "summary.json").read_text())["claims"]
    rows = []
    for claim in found:
        low, high = claim["interval"]
        known = " (known)" if claim.get("documented_limit") and not claim["holds"] else ""
        measured = f"{claim['measured']:.3f} [{low:.3f}, {high:.3f}]"
        rows.append((claim["id"], measured, claim["expected"], claim["verdict"] + known))
    return _table(("claim", "measured, 95 % interval", "expected", "verdict"), rows)


def speed(file: Path) -> str:
    """Return a table of the benchmark's cases."""
    found = json.loads(file.read_text())["cases"]
    rows = [
        (case["name"], case["shown"], case.get("against", ""), case.get("goal", ""))
        for case in found
    ]
    return _table(("case", "agent-steps/s", "beside", "goal"), rows)


def replaced(text: str, name: str, table: str) -> str:
    """Put a table between its two markers."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    return pattern.sub(lambda _: f"{begin}\n{table}\n{end}", text)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Rewrite the README."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, help="a run of gathering")
    parser.add_argument("--bench", type=Path, help="what `make bench` wrote")
    given = parser.parse_args()
    text = replaced(README.read_text(encoding="utf-8"), "parts", parts())
    if given.run:
        text = replaced(text, "claims", claims(given.run))
    if given.bench:
        text = replaced(text, "speed", speed(given.bench))
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
