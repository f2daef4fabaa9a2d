"""The whole experiment, part by part; what takes longest comes last."""

from collections.abc import Iterator

from rallypoint.experiments.byzantine_gradient import crowd, filtering, standard
from rallypoint.experiments.byzantine_gradient.config import ByzantineGradientConfig
from rallypoint.experiments.experiment import Finding, Progress


def run(
    config: ByzantineGradientConfig, seeds: tuple[int, ...], progress: Progress
) -> Iterator[Finding]:
    """Put each claim to the test."""
    for part in (standard, filtering, crowd):
        yield from part.findings(config, seeds, progress)
