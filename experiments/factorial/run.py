"""Trains in every cell of the design, then says what each switch changes, and each pair."""

from collections.abc import Iterator, Sequence

import numpy as np

from rallypoint.claims import Claim, claim_over_seeds
from rallypoint.experiments.experiment import File, Finding, Metric, Progress, Receipts, Row
from rallypoint.experiments.factorial import SOURCE
from rallypoint.experiments.factorial.config import FactorialConfig
from rallypoint.experiments.factorial.design import FULL, Design, design
from rallypoint.experiments.factorial.effects import Effect, effects, in_words
from rallypoint.experiments.factorial.measure import (
    Cell,
    Switch,
    measure,
    switches,
    threat_model,
)
from rallypoint.experiments.factorial.picture import picture


def run(config: FactorialConfig, seeds: tuple[int, ...], progress: Progress) -> Iterator[Finding]:
    """Yield rows and receipts cell by cell, then effects."""
    model = threat_model(config)
    there = switches(model, config.by)
    names = [switch.name for switch in there]
    made = design(len(there), config.cells)
    response = np.empty((len(made.on), len(seeds)))
    with progress("trainings under some of the threats", response.size) as advance:
        for place, row in enumerate(made.on):
            on = [switch for switch, is_on in zip(there, row, strict=True) if is_on]
            condition = "+".join(switch.name for switch in on) or "none"
            for number, seed in enumerate(seeds):
                one = measure(config, model, on, seed)
                response[place, number] = one.worth
                yield _row(condition, there, on, seed, one)
                yield from _receipts(f"{condition}/{seed}", one)
                advance()
    yield Metric("design", _in_words(made, len(there)))
    found = effects(made, response)
    if made.relations:
        yield Metric("aliases", {in_words(e.switches, names): _mixed(e, names) for e in found})
    for effect in found:
        claim = _claim(effect, names, config)
        yield claim
        if claim.verdict == "undecided" and (needed := effect.seeds_needed()):
            yield Metric(f"{in_words(effect.switches, names)}/seeds-needed", needed)
    yield File("factorial-effects.png", picture(found, names, config))


def _row(
    condition: str, there: Sequence[Switch], on: Sequence[Switch], seed: int, one: Cell
) -> Row:
    states = {switch.name: switch in on for switch in there}
    return Row({"condition": condition, "seed": seed, **states, "return": one.worth})


def _receipts(condition: str, one: Cell) -> Iterator[Receipts]:
    told = [receipt.to_dict() for receipt in (*one.outcome.receipts, *one.tested)]
    if told:
        yield Receipts(condition, told, one.wrong)


def _in_words(made: Design, count: int) -> str:
    if made.resolution == FULL:
        return f"all {len(made.on)} combinations of {count}"
    return f"{len(made.on)} of {2**count} combinations, resolution {made.resolution}"


def _mixed(effect: Effect, names: Sequence[str]) -> dict[str, float]:
    """Return what is measured along with an effect, times so much."""
    return {in_words(alias, names): factor for alias, factor in effect.aliases.items()}


def _claim(effect: Effect, names: Sequence[str], config: FactorialConfig) -> Claim:
    named = in_words(effect.switches, names)
    if len(effect.switches) == 1:
        what = f"switching {named} on lowers the return, over all settings of the others"
    else:
        one, other = (names[switch] for switch in effect.switches)
        what = f"{one} and {other} together cost more than the two of them alone add up to"
    if config.scale == "log":
        what += ", in logarithms"
    if effect.aliases:
        mixed = _mixed(effect, names).items()
        told = ", ".join(f"{factor:+g} times that of {alias}" for alias, factor in mixed)
        what += f"; in this fraction of the design its effect is measured with {told}"
    return claim_over_seeds(
        f"factorial/{named}", effect.by_seed, statement=what, source=SOURCE, expected="< 0"
    )
