"""The whole experiment: honest users, liars of two kinds, minorities, and what clicks are worth."""

from collections.abc import Iterator

from rallypoint.experiments.experiment import Finding, Progress
from rallypoint.experiments.recommender import fairness, honest, liars, minorities, welfare
from rallypoint.experiments.recommender.config import RecommenderConfig


def run(config: RecommenderConfig, seeds: tuple[int, ...], progress: Progress) -> Iterator[Finding]:
    """Learn from honest users first: all else is measured against that."""
    without = yield from honest.findings(config, seeds, progress)
    yield from liars.findings(config, seeds, without, progress)
    yield from minorities.findings(config, seeds, progress)
    yield from fairness.findings(config, seeds, progress)
    yield from welfare.findings(config, seeds, progress)
