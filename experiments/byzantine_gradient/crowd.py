"""P4: thirty contributors of which nine lie together; one policy, or a vote of five."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

import rallypoint
from rallypoint.agents.evaluation import evaluate
from rallypoint.agents.gradient.ensemble import EnsemblePolicy
from rallypoint.draws import Floats, stream
from rallypoint.experiments.byzantine_gradient import ENSEMBLE, scores
from rallypoint.experiments.byzantine_gradient.attacks import NORMALIZED
from rallypoint.experiments.byzantine_gradient.cells import Cell, Grid, run_cells
from rallypoint.experiments.byzantine_gradient.config import ByzantineGradientConfig
from rallypoint.experiments.byzantine_gradient.judging import reported
from rallypoint.experiments.byzantine_gradient.kept import Kept
from rallypoint.experiments.byzantine_gradient.outcome import Outcome
from rallypoint.experiments.byzantine_gradient.rules import FILTER
from rallypoint.experiments.byzantine_gradient.setting import WORLD, Setting
from rallypoint.experiments.byzantine_gradient.stack import Run, Stacked, train
from rallypoint.experiments.experiment import Finding, Metric, Progress

_WORKERS, _LIARS, _GROUPS = 30, 9, 5
_VOTER = "median"  # the rule within each group, of six that reckon with two liars
_VOTE = f"vote-of-{_VOTER}s"  # under which name the vote is kept
_JUDGED = 32  # episodes of the vote, as of every policy


def findings(
    config: ByzantineGradientConfig, seeds: tuple[int, ...], progress: Progress
) -> Iterator[Finding]:
    """Train FedPG-BR and the ensemble, unattacked and under the normalised attack."""
    if not config.crowd_rounds:
        return
    kept, attacks = Kept(config.kept), tuple(NORMALIZED)
    one = Setting(
        rounds=config.crowd_rounds,
        workers=_WORKERS,
        liars=_LIARS,
        learner="fedpg_br",
        inner=True,
    )
    greedy: dict[str, dict[str, Floats]] = {FILTER: {}, _VOTE: {}}
    for cell in run_cells(Grid(one, attacks, (FILTER,)), seeds, kept, progress):
        greedy[FILTER][cell.attack] = np.array([outcome.greedy for outcome in cell.outcomes])
        yield from reported(cell, seeds)
    many = Setting(rounds=config.crowd_rounds, workers=_WORKERS, liars=_LIARS, groups=_GROUPS)
    with progress(many.name, len(attacks)) as advance:
        for attack in attacks:
            found = kept.of(many, attack, _VOTE)
            missing = [seed for seed in seeds if seed not in found]
            if missing:
                found |= dict(zip(missing, _votes(many, attack, missing), strict=True))
                kept.add(many, attack, {Run(_VOTE, seed): found[seed] for seed in missing})
            cell = Cell(many, attack, _VOTE, [found[seed] for seed in seeds])
            greedy[_VOTE][attack] = np.array([outcome.greedy for outcome in cell.outcomes])
            yield from reported(cell, seeds)
            advance()
    for name, by_attack in greedy.items():
        for attack, values in by_attack.items():
            yield Metric(f"K30/{name}/{attack}", scores.score(values).to_dict())
    yield scores.claim(
        "P4/ensemble",
        scores.kept_share(greedy[_VOTE]["normalized"], greedy[_VOTE]["none"]),
        statement=f"the vote of {_GROUPS} policies, each learned from {_WORKERS // _GROUPS} of "
        f"{_WORKERS} contributors of which {_LIARS} lie together, keeps nine tenths of its return "
        "under the normalised attack",
        source=ENSEMBLE,
        expected=">= 0.9",
    )
    yield scores.claim(
        "P4/fedpg_br",
        scores.kept_share(greedy[FILTER]["normalized"], greedy[FILTER]["none"]),
        statement="FedPG-BR does not: it keeps less",
        source=ENSEMBLE,
        expected="< 0.9",
    )


def _votes(setting: Setting, attack: str, seeds: Sequence[int]) -> list[Outcome]:
    """Train the groups of every seed, and let their policies vote."""
    runs = [Run(_VOTER, seed, group) for seed in seeds for group in range(setting.groups)]
    stacked = train(setting, attack, runs)
    found = []
    for place, seed in enumerate(seeds):
        mine = slice(place * setting.groups, (place + 1) * setting.groups)
        found.append(_together(stacked.outcomes[mine], _returned(stacked, mine, seed)))
    return found


def _returned(stacked: Stacked, mine: slice, seed: int) -> float:
    """Return what the vote of some policies returns, each of them greedy."""
    world = rallypoint.make(WORLD, copies=_JUDGED)
    policy = EnsemblePolicy(stacked.architecture, stacked.weights[mine], world.groups[0])
    drawn = int(stream(seed, "byzantine_gradient/vote").integers(1 << 62))
    return float(evaluate(world, policy, episodes=_JUDGED, seed=drawn).returns.mean())


def _together(outcomes: Sequence[Outcome], greedy: float) -> Outcome:
    """Return what became of all groups: means of their numbers, and what their vote returns."""
    means: dict[str, Any] = {
        name: [_mean(values) for values in zip(*(getattr(o, name) for o in outcomes), strict=True)]
        for name in ("returns", "ratio", "cosine")
    }
    shares: dict[str, Any] = {
        name: np.mean([getattr(outcome, name) for outcome in outcomes], axis=0).tolist()
        for name in ("on_liars", "honest_believed", "liars_believed")
    }
    return Outcome(
        **means,
        **shares,
        greedy=greedy,
        receipts=[receipt for outcome in outcomes for receipt in outcome.receipts],
        disagreements=[sentence for outcome in outcomes for sentence in outcome.disagreements],
    )


def _mean(values: Sequence[float | None]) -> float | None:
    told = [value for value in values if value is not None]
    return float(np.mean(told)) if told else None
