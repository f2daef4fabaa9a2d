"""Trains a team by every rule under every lie, then judges by the worst of them."""

from collections.abc import Iterator, Mapping

import numpy as np

from rallypoint.claims import Claim, claim_over_seeds
from rallypoint.draws import Floats
from rallypoint.errors import TooManyByzantine
from rallypoint.experiments.byzantine_team import SOURCE
from rallypoint.experiments.byzantine_team.config import MEAN, ByzantineTeamConfig
from rallypoint.experiments.byzantine_team.measure import (
    Cell,
    Measured,
    measure,
    worth_of_nothing,
)
from rallypoint.experiments.byzantine_team.picture import picture
from rallypoint.experiments.experiment import File, Finding, Metric, Progress, Receipts, Row
from rallypoint.safety.aggregation import Aggregator

NONE = "none"
_REVERSED = "sign_flip"  # the lie that a plain mean cannot stand
_LOUD = (_REVERSED, "noise")  # lies that lie far from everything honest
_BY_DISTANCE = ("multi_krum", "nnm+trimmed_mean")  # rules that leave out what lies far away
_MOST_HELD = 2  # liars; with three, quiet lies were seen to beat every rule


def run(
    config: ByzantineTeamConfig, seeds: tuple[int, ...], progress: Progress
) -> Iterator[Finding]:
    """Yield rows and receipts cell by cell, then claims."""
    cells = [Cell(rule, NONE, 0) for rule in config.rules]
    cells += [
        Cell(rule, attack, f)
        for f in config.liars
        for attack in config.attacks
        for rule in config.rules
    ]
    nothing = worth_of_nothing(config)
    worth: dict[Cell, Floats] = {}
    with progress("teams learn to gather", len(cells) * len(seeds)) as advance:
        for cell in cells:
            found = []
            for seed in seeds:
                one = measure(config, cell, seed)
                found.append(one.worth)
                yield _row(cell, seed, one)
                yield _receipts(cell, seed, one)
                advance()
            worth[cell] = np.array(found)
    gained = worth[Cell(MEAN, NONE, 0)] - nothing
    yield claim_over_seeds(
        "byzantine_team/learns",
        gained,
        statement="a team of which all contribute, and nobody lies, learns to gather: its return "
        "over that of a team that acts at random",
        source=SOURCE,
        expected=">= 20 on every seed",
    )
    # Of whoever gained nothing there is no share: such a seed leaves claims undecided.
    whole = np.where(gained > 0, gained, np.nan)
    shares = {cell: (found - nothing) / whole for cell, found in worth.items()}
    for cell, share in shares.items():
        yield Metric(f"{cell.name}/share", {"mean": float(share.mean()), "worst": share.min()})
    for f in config.liars:
        yield from _judge(config, shares, f)
    for rule in config.rules:
        yield Metric(f"{rule}/f-that-it-takes", _takes(rule, config.num_agents))
    yield File("byzantine-team.png", picture(config, shares))


def _row(cell: Cell, seed: int, one: Measured) -> Row:
    return Row(
        {
            **cell._asdict(),
            "seed": seed,
            "return": one.worth,
            "return_among_liars": one.among_liars,
            "believed_of_liars": one.believed,
            "return_in_training": one.outcome.metrics["return"],
        }
    )


def _receipts(cell: Cell, seed: int, one: Measured) -> Receipts:
    told = [receipt.to_dict() for receipt in one.outcome.receipts]
    return Receipts(f"{cell.name}/{seed}", told, one.outcome.disagreements)


def _takes(rule: str, n: int) -> int:
    """Return the largest f among n for which a rule promises anything."""
    aggregator = Aggregator.parse(rule)
    if any("bounded" in part.lacks for part in aggregator.parts):
        return 0
    for f in range(1, n):
        try:
            aggregator.check(n, f)
        except TooManyByzantine:
            return f - 1
    return n - 1


def _judge(
    config: ByzantineTeamConfig, shares: Mapping[Cell, Floats], f: int
) -> Iterator[Claim | Metric]:
    """Judge each rule by the worst attack on it, seed by seed."""
    who = f"{f} of {config.num_agents} members lie in the world and in their updates"
    for rule in config.rules:
        by_attack = {attack: shares[Cell(rule, attack, f)] for attack in config.attacks}
        worst = min(by_attack, key=lambda attack: float(by_attack[attack].mean()))
        yield Metric(f"{rule}-f{f}/worst-attack", worst)
        if rule == MEAN:
            if _REVERSED in by_attack:
                yield claim_over_seeds(
                    f"byzantine_team/mean-breaks/f-{f}",
                    by_attack[_REVERSED],
                    statement=f"where {who}, the mean learns next to nothing when they send the "
                    "opposite, five times as long: share of an honest team's gain",
                    source=SOURCE,
                    expected="<= 0.2",
                )
            continue
        least = np.min(list(by_attack.values()), axis=0)
        yield claim_over_seeds(
            f"byzantine_team/keeps/{rule}/f-{f}",
            least,
            statement=f"where {who}, {rule} learns all the same, under the worst of "
            f"{len(by_attack)} attacks on each seed: share of an honest team's gain",
            source=SOURCE,
            expected=">= 0.8",
            documented_limit=f > _MOST_HELD,
        )
        loud = [by_attack[attack] for attack in _LOUD if attack in by_attack]
        if loud and rule in _BY_DISTANCE:
            yield claim_over_seeds(
                f"byzantine_team/loud/{rule}/f-{f}",
                np.min(loud, axis=0),
                statement=f"where {who}, {rule} learns all the same as long as lies are loud, "
                "under the worst of them on each seed: share of an honest team's gain",
                source=SOURCE,
                expected=">= 0.8",
            )
