"""P3: whom FedPG-BR's filter lets through, and how its server learns from them."""

from collections.abc import Iterator

import numpy as np

from rallypoint.experiments.byzantine_gradient import FEDPG_BR, scores
from rallypoint.experiments.byzantine_gradient.cells import Cell, Grid, run_cells
from rallypoint.experiments.byzantine_gradient.config import ByzantineGradientConfig
from rallypoint.experiments.byzantine_gradient.judging import Table, metrics, reported
from rallypoint.experiments.byzantine_gradient.kept import Kept
from rallypoint.experiments.byzantine_gradient.pictures import curves
from rallypoint.experiments.byzantine_gradient.rules import FILTER
from rallypoint.experiments.byzantine_gradient.setting import Setting
from rallypoint.experiments.experiment import File, Finding, Metric, Progress

_ATTACKS = ("none", "noise", "sign_flip", "fedpg")
_EPISODES = 16  # the published batch


def findings(
    config: ByzantineGradientConfig, seeds: tuple[int, ...], progress: Progress
) -> Iterator[Finding]:
    """Train FedPG-BR and, on as many episodes, the same learner with a trimmed mean."""
    if not config.filter_rounds:
        return
    kept = Kept(config.kept)
    plain = Setting(rounds=config.filter_rounds, episodes=_EPISODES, learner="fedpg_br")
    whole = Setting(rounds=config.filter_rounds, episodes=_EPISODES, learner="fedpg_br", inner=True)
    for setting, rules in ((plain, (FILTER, "trimmed_mean")), (whole, (FILTER,))):
        table: Table = {rule: {} for rule in rules}
        for cell in run_cells(Grid(setting, _ATTACKS, rules), seeds, kept, progress):
            table[cell.rule][cell.attack] = cell.outcomes
            yield from reported(cell, seeds)
            if cell.rule == FILTER:
                yield from _let_through(cell)
        yield from metrics(setting, table)
        yield File(f"{setting.name}-curves.png", curves(setting, table))


def _let_through(cell: Cell) -> Iterator[Finding]:
    """Say what share of the honest, and of the liars, is believed over the training, by seed."""
    honest, liars = (
        np.array([np.mean(getattr(outcome, name)) for outcome in cell.outcomes])
        for name in ("honest_believed", "liars_believed")
    )
    where = cell.setting.name
    yield Metric(f"{where}/{cell.attack}/honest-believed", scores.score(honest).to_dict())
    yield Metric(f"{where}/{cell.attack}/liars-believed", scores.score(liars).to_dict())
    if cell.attack == "none":
        yield scores.claim(
            f"P3/{where}/honest",
            scores.score(np.concatenate([honest[:, None], liars[:, None]], axis=1) @ [0.7, 0.3]),
            statement="with sigma measured for this learner, the filter of FedPG-BR believes nine "
            "tenths of all updates where nobody lies",
            source=FEDPG_BR,
            expected=">= 0.9",
        )
    if cell.attack == "noise":
        yield scores.claim(
            f"P3/{where}/noise",
            scores.score(liars),
            statement="and less than a twentieth of those that are noise, ten times as long",
            source=FEDPG_BR,
            expected="< 0.05",
        )
