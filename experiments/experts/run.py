"""Lets every defence learn under every way to lie, then judges it by the worst."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rallypoint.claims import Claim, claim_over_seeds
from rallypoint.draws import Floats
from rallypoint.errors import InvalidConfig, TooManyByzantine
from rallypoint.experiments.experiment import (
    Advance,
    File,
    Finding,
    Metric,
    Progress,
    Receipts,
    Row,
)
from rallypoint.experiments.experts import OURS, ROOT, defences
from rallypoint.experiments.experts.colluders import SWAPPED, WAYS, threats
from rallypoint.experiments.experts.config import ExpertsConfig
from rallypoint.experiments.experts.defences import ALIKE, ALL, defence
from rallypoint.experiments.experts.picture import picture
from rallypoint.experiments.experts.task import Task
from rallypoint.experiments.findings import receipts_of
from rallypoint.safety.aggregation import Context, aggregate
from rallypoint.safety.updates import UpdateThreats

_EVERY = 10  # rounds between two rows of a learning curve
_REFUSING = (*ALIKE[1:], "expert_rank", "fltrust")


class _Learned(NamedTuple):
    curve: Floats  # (rounds,) accuracy after each
    frame: UpdateThreats | None


def run(config: ExpertsConfig, seeds: tuple[int, ...], progress: Progress) -> Iterator[Finding]:
    """Yield refusals first, then curves as they are learned, then claims."""
    yield from _refusals(config, seeds)
    curves = np.empty((len(ALL), len(WAYS), len(seeds), config.rounds))
    with progress("learning among liars", curves[..., 0].size) as advance:
        for place, name in enumerate(ALL):
            for column, way in enumerate(WAYS):
                learned = [_learn(config, name, way, seed, advance) for seed in seeds]
                curves[place, column] = [one.curve for one in learned]
                yield from _rows(name, way, seeds, curves[place, column])
                yield from _receipts(name, way, seeds, learned)
            yield from _judge(config, name, curves[place, :, :, -1])
    yield _friends(curves[..., -1].mean(axis=1))
    yield File("experts.png", picture(config, curves))


def _learn(config: ExpertsConfig, name: str, way: str, seed: int, advance: Advance) -> _Learned:
    task, server, frame = Task(config, seed), defence(config, name), threats(config, way, seed)
    parameters = np.zeros(config.features)
    curve = np.empty(config.rounds)
    liars = slice(config.honest, config.contributors)
    for number in range(config.rounds):
        batches = task.batches(number)
        if way == SWAPPED:
            batches = batches.swapped(liars)
        *found, root = batches.gradients(parameters)
        updates = np.array(found)

        def combine(updates: Floats, root: Floats = root) -> Floats:
            return server.combine(updates, root)

        if frame is not None:
            updates = frame.apply(updates, round_number=number, aggregator=combine).updates
        parameters = parameters - config.rate * combine(updates)
        curve[number] = task.accuracy(parameters)
    advance()
    return _Learned(curve, frame)


def _rows(name: str, way: str, seeds: tuple[int, ...], curves: Floats) -> Iterator[Row]:
    for seed, curve in zip(seeds, curves, strict=True):
        for number in sorted({*range(_EVERY, len(curve) + 1, _EVERY), len(curve)}):
            values = {"round": number, "accuracy": float(curve[number - 1])}
            yield Row({"defence": name, "colluders": way, "seed": seed, **values})


def _receipts(
    name: str, way: str, seeds: tuple[int, ...], learned: list[_Learned]
) -> Iterator[Receipts]:
    for seed, one in zip(seeds, learned, strict=True):
        if one.frame is not None:
            yield receipts_of(f"{name}/{way}/{seed}", one.frame)


def _judge(config: ExpertsConfig, name: str, last: Floats) -> Iterator[Claim | Metric]:
    """Judge a defence by its last accuracies (ways, R)."""
    for way, values in zip(WAYS, last, strict=True):
        yield Metric(f"{name}/{way}/accuracy", float(values.mean()))
    told = defence(config, name).f
    who = f"{config.colluders} of {config.contributors} collude"
    is_half = name in (defences.HALF, defences.HALF_ALONE)
    known = f"{config.honest // 2 if is_half else config.honest} experts are known"
    if name in (*ALIKE, defences.NO_ANCHORS):
        told_of = f", told of f = {told}" if name in ALIKE else ", which trusts all alike"
        statement = f"where {who}, {name}{told_of} does not learn"
        expected, source = "<= 0.55 on every seed", OURS
    else:
        statement = f"where {who} and {known}, {name} learns"
        expected = ">= 0.9 on every seed"
        source = ROOT if name == defences.ROOTED else OURS
    yield claim_over_seeds(
        f"experts/{_slug(name)}",
        last.min(axis=0),
        statement=f"{statement}: test accuracy in the end, under the worst way to lie",
        source=source,
        expected=expected,
    )


def _friends(last: Floats) -> Claim:
    """Judge whether friends are of use, by last accuracies (defences, R)."""
    gain = last[ALL.index(defences.HALF)] - last[ALL.index(defences.HALF_ALONE)]
    return claim_over_seeds(
        "experts/friends-help",
        gain,
        statement="where half of the honest are known, to hear those whom they vouch for is better "
        "than to hear them alone: gain in test accuracy",
        source=OURS,
        expected="> 0",
        documented_limit=True,
    )


def _refusals(config: ExpertsConfig, seeds: tuple[int, ...]) -> Iterator[Claim]:
    """Show that rules told the truth, or left without what they need, refuse to answer."""
    for name in _REFUSING:
        refused = []
        for seed in seeds:
            *found, _ = Task(config, seed).batches(0).gradients(np.zeros(config.features))
            context = Context(trusted=()) if name == "expert_rank" else Context()
            try:
                aggregate(name, np.array(found), config.colluders, context=context)
            except (TooManyByzantine, InvalidConfig):
                refused.append(1.0)
            else:
                refused.append(0.0)
        what = {"expert_rank": "without anchors", "fltrust": "without a root gradient"}.get(
            name, f"told of f = {config.colluders} among {config.contributors}"
        )
        yield claim_over_seeds(
            f"experts/refuses/{name}",
            refused,
            statement=f"{name} refuses to answer {what}: share of seeds",
            source=OURS,
            expected=">= 1 on every seed",
        )


def _slug(name: str) -> str:
    return name.replace(", ", "-").replace(" ", "-")
