"""The whole experiment, part by part."""

from collections.abc import Iterator

from rallypoint.experiments.experiment import Finding, Progress
from rallypoint.experiments.interruptibility import (
    asymptotic,
    controls,
    corridor,
    corridor_joint,
    decaying_exploration,
    deep_distribution,
    distribution,
    drest,
    exploration,
    frozen_partner,
    gamed_metric,
    learner_cells,
    off_switch,
    price,
    team_button,
    toll,
    two_cars,
    two_updates,
)
from rallypoint.experiments.interruptibility.config import InterruptibilityConfig

PARTS = (
    *(learner_cells, gamed_metric, controls, decaying_exploration),  # S1
    asymptotic,  # S2
    frozen_partner,  # D1
    *(distribution, deep_distribution),  # D2
    exploration,  # D3
    two_cars,  # D4
    two_updates,  # D5
    price,  # D6
    *(drest, toll, team_button),  # T1, T2
    off_switch,  # O1
    *(corridor, corridor_joint),  # C1, which takes longest
)


def run(
    config: InterruptibilityConfig, seeds: tuple[int, ...], progress: Progress
) -> Iterator[Finding]:
    """Put each claim to the test."""
    for part in PARTS:
        yield from part.findings(config, seeds, progress)
