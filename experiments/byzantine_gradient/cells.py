"""Running cells: all seeds of some rules under one attack, as many at a time as is good."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rallypoint.experiments.byzantine_gradient.kept import Kept
from rallypoint.experiments.byzantine_gradient.outcome import Outcome
from rallypoint.experiments.byzantine_gradient.setting import Setting
from rallypoint.experiments.byzantine_gradient.stack import Run, train
from rallypoint.experiments.experiment import Progress

_CARTS = 2560  # that are played at a time, in half a gigabyte; more go hardly faster


class Grid(NamedTuple):
    """Some rules under some attacks in one setting."""

    setting: Setting
    attacks: Sequence[str]
    rules: Sequence[str]


class Cell(NamedTuple):
    """One rule under one attack, and what became of it."""

    setting: Setting
    attack: str
    rule: str
    outcomes: list[Outcome]  # in the order of the seeds


def run_cells(grid: Grid, seeds: Sequence[int], kept: Kept, progress: Progress) -> Iterator[Cell]:
    """Yield the outcomes of every rule under every attack, run or kept, attack by attack.

    Which runs stand beside a run makes no difference to it, so those that are kept are left out.
    """
    setting, attacks, rules = grid
    at_a_time = max(1, _CARTS // (setting.contributors * setting.episodes))
    with progress(setting.name, len(attacks) * len(rules) * len(seeds)) as advance:
        for attack in attacks:
            found = {rule: kept.of(setting, attack, rule) for rule in rules}
            missing = [
                Run(rule, seed) for rule in rules for seed in seeds if seed not in found[rule]
            ]
            advance(len(rules) * len(seeds) - len(missing))
            for first in range(0, len(missing), at_a_time):
                runs = missing[first : first + at_a_time]
                stacked = train(setting, attack, runs)
                kept.add(setting, attack, dict(zip(runs, stacked.outcomes, strict=True)))
                for run, outcome in zip(runs, stacked.outcomes, strict=True):
                    found[run.rule][run.seed] = outcome
                advance(len(runs))
            for rule in rules:
                yield Cell(setting, attack, rule, [found[rule][seed] for seed in seeds])
