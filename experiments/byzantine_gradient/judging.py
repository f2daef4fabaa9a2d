"""What all parts say of their cells: rows, receipts, and the table of a setting."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from rallypoint.config import from_dict
from rallypoint.draws import Floats
from rallypoint.experiments.byzantine_gradient import scores
from rallypoint.experiments.byzantine_gradient.cells import Cell
from rallypoint.experiments.byzantine_gradient.outcome import Outcome
from rallypoint.experiments.byzantine_gradient.rules import limit
from rallypoint.experiments.byzantine_gradient.setting import Setting
from rallypoint.experiments.experiment import Finding, Metric, Receipts, Row
from rallypoint.safety.receipts import Receipt, combined
from rallypoint.scores import iqm

Table = dict[str, dict[str, list[Outcome]]]  # rule -> attack -> outcomes, by seed


def reported(cell: Cell, seeds: Sequence[int]) -> Iterator[Finding]:
    """Yield a row for each run of a cell, and what its threats did."""
    setting = cell.setting
    for seed, outcome in zip(seeds, cell.outcomes, strict=True):
        plain = outcome.to_dict()
        del plain["receipts"], plain["disagreements"]
        where = {"setting": setting.name, "attack": cell.attack, "rule": cell.rule, "seed": seed}
        yield Row(where | {"score": outcome.score} | plain)
    wrong = {sentence for outcome in cell.outcomes for sentence in outcome.disagreements}
    receipts = [receipt.to_dict() for receipt in _summed(cell.outcomes)]
    if receipts:
        condition = f"{setting.name}/{cell.attack}/{cell.rule}"
        yield Receipts(condition, receipts, tuple(sorted(wrong)))


def _summed(outcomes: Sequence[Outcome]) -> list[Receipt]:
    """Return one receipt for each threat, of all seeds together."""
    by_threat: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for outcome in outcomes:
        for plain in outcome.receipts:
            told = by_threat.setdefault((plain["site"], plain["index"]), [])
            if plain not in told:  # runs that were stacked have one world in common
                told.append(plain)
    return [
        combined([from_dict(Receipt, plain, where="a kept receipt") for plain in told])
        for told in by_threat.values()
    ]


def by_seed(outcomes: Sequence[Outcome]) -> Floats:
    """Return the scores of runs, in the order of the seeds: (S,)."""
    return np.array([outcome.score for outcome in outcomes])


def attacked(of_rule: Mapping[str, list[Outcome]]) -> dict[str, Floats]:
    """Return the scores under each attack, (S,) each."""
    return {name: by_seed(found) for name, found in of_rule.items() if name != "none"}


def worst_attack(of_rule: Mapping[str, list[Outcome]]) -> str:
    """Return the attack under which the interquartile mean is least."""
    found = attacked(of_rule)
    return min(found, key=lambda name: float(iqm(found[name])))


def metrics(setting: Setting, table: Table) -> Iterator[Metric]:
    """Yield, rule by rule, every attack with its numbers, the worst one first."""
    for rule, of_rule in table.items():
        own = by_seed(of_rule["none"])
        told = {name: _told(found, own) for name, found in of_rule.items()}
        ordered = sorted(told, key=lambda name: (name == "none", told[name]["return"]["measured"]))
        yield Metric(f"{setting.name}/{rule}", {name: told[name] for name in ordered})
        yield Metric(
            f"{setting.name}/{rule}/over-attacks",
            scores.over_attacks(attacked(of_rule)).to_dict(),
        )
        yield Metric(f"{setting.name}/{rule}/limit-of-ratio", limit(rule, setting))


def _told(outcomes: Sequence[Outcome], own: Floats) -> dict[str, Any]:
    found = by_seed(outcomes)
    return {
        "return": scores.score(found).to_dict(),
        "share": scores.kept_share(found, own).to_dict(),
        "worst_return": float(found.min()),
        "greedy": scores.score([outcome.greedy for outcome in outcomes]).to_dict(),
        "cosine": _median([outcome.cosine for outcome in outcomes]),
        "ratio": _median([outcome.ratio for outcome in outcomes]),
        "on_liars": float(np.mean([outcome.on_liars for outcome in outcomes])),
    }


def _median(rounds: Sequence[Sequence[float | None]]) -> float | None:
    told = [value for of_run in rounds for value in of_run if value is not None]
    return round(float(np.median(told)), 4) if told else None
