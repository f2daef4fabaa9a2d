"""The whole experiment, part by part."""

from collections.abc import Iterator

from rallypoint.experiments.experiment import Finding, Progress
from rallypoint.experiments.virtuous import pillars, ring
from rallypoint.experiments.virtuous.config import VirtuousConfig


def run(config: VirtuousConfig, seeds: tuple[int, ...], progress: Progress) -> Iterator[Finding]:
    """Put each claim to the test, those that take least time first."""
    yield from ring.findings(config, seeds, progress)
    yield from pillars.findings(config, seeds, progress)
