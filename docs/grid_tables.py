"""Writes the tables of docs/byzantine-gradient.md, from a run of the experiment.

python docs/grid_tables.py DIR
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from readme_tables import replaced, table

PAGE = Path(__file__).parent / "byzantine-gradient.md"
_LIMIT = "/limit-of-ratio"
# In the order in which the page tells of them; those that a run did not have are left out.
_ATTACKS = {
    "none": "none",
    "noise": "noise",
    "random_action": "random action",
    "constant_action": "constant action",
    "sign_flip": "sign flip",
    "reward_flip": "flipped rewards",
    "alie": "ALIE",
    "fedpg": "FedPG",
    "min_max": "Min-Max",
    "min_max_std": "Min-Max along deviations",
    "optimal_reverse": "optimal reverse",
    "opt_ema": "`opt_ema`",
}

Cells = Mapping[str, Mapping[str, Any]]  # attack -> numbers


def of_rules(metrics: Mapping[str, Any]) -> Iterator[tuple[str, str, Cells, float | None]]:
    """Yield setting, rule, its cells and the limit of its ratio, for all that was run whole."""
    for key in metrics:
        if key.endswith(_LIMIT):
            setting, rule = key.removesuffix(_LIMIT).split("/", 1)
            yield setting, rule, metrics[f"{setting}/{rule}"], metrics[key]


def worst(metrics: Mapping[str, Any]) -> str:
    """Return what every rule's worst attack leaves of its return, setting by setting."""
    rows = []
    for setting, rule, cells, limit in of_rules(metrics):
        name = min((a for a in cells if a != "none"), key=lambda a: _measured(cells[a], "share"))
        cell = cells[name]
        rows.append(
            (
                setting,
                f"`{rule}`",
                _ATTACKS[name],
                _interval(cell["share"], 2),
                f"{cell['worst_return']:.0f}",
                f"{_number(cell['ratio'])}; {'none known' if limit is None else f'{limit:.2f}'}",
                _number(cell["cosine"]),
            )
        )
    head = (
        "setting",
        "rule",
        "worst attack",
        "share kept",
        "worst run",
        "median ratio there; the rule's limit",
        "cosine there",
    )
    return table(head, rows)


def returns(metrics: Mapping[str, Any]) -> str:
    """Return the return of every rule under every attack, and its worst run, a table a setting."""
    by_setting: dict[str, dict[str, Cells]] = {}
    for setting, rule, cells, _ in of_rules(metrics):
        by_setting.setdefault(setting, {})[rule] = cells
    tables = []
    for setting, by_rule in by_setting.items():
        attacks = [name for name in _ATTACKS if any(name in cells for cells in by_rule.values())]
        rows = [
            (f"`{rule}`", *(_return(cells.get(name)) for name in attacks))
            for rule, cells in by_rule.items()
        ]
        tables.append(table((f"**{setting}**", *(_ATTACKS[name] for name in attacks)), rows))
    return "\n\n".join(tables)


def _return(cell: Mapping[str, Any] | None) -> str:
    if cell is None:
        return ""
    return f"{_interval(cell['return'], 0)} ({cell['worst_return']:.0f})"


def _measured(cell: Mapping[str, Any], what: str) -> float:
    return float(cell[what]["measured"])


def _interval(told: Mapping[str, Any], digits: int) -> str:
    low, high = told["interval"]
    return f"{told['measured']:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def filled(page: str, folder: Path) -> str:
    """Return the page with a run's numbers in the places of those that were there."""
    metrics = json.loads((folder / "summary.json").read_text())["metrics"]
    return replaced(replaced(page, "worst", worst(metrics)), "returns", returns(metrics))


def main() -> None:
    """Rewrite the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="a run of byzantine_gradient")
    given = parser.parse_args()
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), given.run), encoding="utf-8")


if __name__ == "__main__":
    main()
