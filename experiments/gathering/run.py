"""The whole experiment, claim by claim."""

from collections.abc import Iterator

from rallypoint.experiments.experiment import Finding, Progress
from rallypoint.experiments.gathering import (
    carries_over,
    film,
    learns,
    self_stabilises,
    survives_loss,
)
from rallypoint.experiments.gathering.config import GatheringConfig


def run(config: GatheringConfig, seeds: tuple[int, ...], progress: Progress) -> Iterator[Finding]:
    """Train one team per seed, then put each claim to the test."""
    tables = yield from learns.findings(config, seeds, progress)
    yield film.before_and_after(config, seeds[0], tables[0])
    yield from self_stabilises.findings(config, seeds, tables, progress)
    yield from survives_loss.findings(config, seeds, progress)
    yield from carries_over.findings(config, seeds, tables, progress)
