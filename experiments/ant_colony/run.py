"""The whole experiment: policies, a sudden loss, and more of it until colonies break."""

from collections.abc import Iterator

from rallypoint.experiments.ant_colony import breakdown, foragers
from rallypoint.experiments.ant_colony.config import AntColonyConfig
from rallypoint.experiments.ant_colony.measure import RULES, learned
from rallypoint.experiments.experiment import Finding, Progress


def run(config: AntColonyConfig, seeds: tuple[int, ...], progress: Progress) -> Iterator[Finding]:
    """Train one colony per seed; then measure it beside those that follow a rule."""
    policies = {**RULES, "ppo": learned(config, seeds, progress)}
    yield from foragers.findings(config, seeds, policies, progress)
    yield from breakdown.findings(config, seeds, policies, progress)
