"""The whole experiment: how near forgetting comes, then a lie from its beginning to its end."""

from collections.abc import Iterator

from rallypoint.experiments.experiment import Finding, Progress
from rallypoint.experiments.unlearning import chain, distances
from rallypoint.experiments.unlearning.config import UnlearningConfig


def run(config: UnlearningConfig, seeds: tuple[int, ...], progress: Progress) -> Iterator[Finding]:
    """Yield what both parts find."""
    yield from distances.findings(config, seeds, progress)
    yield from chain.findings(config, seeds, progress)
