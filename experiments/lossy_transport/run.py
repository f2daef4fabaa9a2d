"""Trains at every loss, times real datagrams, then judges."""

from collections.abc import Iterator, Mapping

import numpy as np

from rallypoint.claims import Claim, claim_over_seeds
from rallypoint.draws import Floats
from rallypoint.errors import TooManyByzantine
from rallypoint.experiments.experiment import File, Finding, Metric, Progress, Row
from rallypoint.experiments.findings import receipts_of
from rallypoint.experiments.lossy_transport import SOURCE, picture
from rallypoint.experiments.lossy_transport.config import LossyTransportConfig
from rallypoint.experiments.lossy_transport.contestants import WAYS, Condition, Way, conditions
from rallypoint.experiments.lossy_transport.measure import time_transfers, train
from rallypoint.safety.aggregation import Aggregator
from rallypoint.safety.updates.losses import check_losses

KEEPS = 0.8  # of the return without loss
_SIZE = 386  # parameters of the policy that is trained
Results = Mapping[tuple[Way, float], list[float]]  # returns, seed by seed


def run(
    config: LossyTransportConfig, seeds: tuple[int, ...], progress: Progress
) -> Iterator[Finding]:
    """Yield rows as they are measured, then what is claimed of them."""
    with progress("datagrams", len(config.losses)) as advance:
        for loss in config.losses:
            yield Metric(f"transfer/{loss:g}", time_transfers(config, loss))
            advance()
    yield from _refusals(config)
    numbered = list(conditions(config))
    found: dict[tuple[Way, float], list[float]] = {(one.way, one.loss): [] for _, one in numbered}
    with progress("rounds", len(seeds) * config.rounds) as advance:
        for seed in seeds:
            told = train(config, numbered, seed, advance)
            for (_, condition), (one, frame) in zip(numbered, told, strict=True):
                found[condition.way, condition.loss].append(one["return"])
                where = {"seed": seed, "way": condition.way.name, "loss": condition.loss}
                yield Row({**where, **one})
                label = f"{condition.way.name}, loss {condition.loss:g}, seed {seed}"
                yield receipts_of(label, frame)
    for (way, loss), returns in found.items():
        yield Metric(f"return/{way.name}/{loss:g}", [round(value, 1) for value in returns])
    yield from _judge(config, found)
    yield File("losses.png", picture.returns(config, found))


def _refusals(config: LossyTransportConfig) -> Iterator[Metric]:
    """Tell from which loss on a rule that sees whole updates is refused."""
    for rule in ("krum", "trimmed_mean", "nan_trimmed_mean"):
        refused = []
        for loss in config.losses:
            threats = Condition(Way(rule, "nan"), loss).threats(config, 0)
            try:
                check_losses(threats, Aggregator.parse(rule), columns=_SIZE, f=config.liars)
            except TooManyByzantine:
                refused.append(loss)
        yield Metric(f"refused/{rule}", refused)


def _judge(config: LossyTransportConfig, found: Results) -> Iterator[Claim]:
    most = config.losses[-1]
    returns: dict[tuple[Way, float], Floats] = {key: np.array(one) for key, one in found.items()}
    for way in WAYS[:3]:
        for loss in config.losses[1:]:
            who = f"{config.liars} of {config.contributors} flipping signs"
            yield claim_over_seeds(
                f"lossy_transport/keeps/{way.name}/{loss:g}",
                returns[way, loss] / returns[way, 0.0],
                statement=f"{way.rule}, with {loss:.0%} of packets lost and taken for missing, "
                f"keeps {KEEPS:.0%} of its own lossless return, "
                f"{f'with {who}' if way.lies else 'nobody lying'}",
                source=SOURCE,
                expected=f">= {KEEPS}",
            )
    mean = next(way for way in WAYS if way.name == "nan_mean-nan")
    best = WAYS[0]
    yield claim_over_seeds(
        f"lossy_transport/a-mean-of-what-arrived-is-no-defence/{most:g}",
        returns[mean, most] / returns[best, 0.0],
        statement=f"with {config.liars} of {config.contributors} flipping signs, a mean of what "
        f"arrived does not reach {KEEPS:.0%} of what {best.rule} does without loss",
        source=SOURCE,
        expected=f"< {KEEPS}",
    )
