"""As small as it can be run."""

from rallypoint.experiments.gathering.config import GatheringConfig

SEEDS = (0, 1, 2)
MINIATURE = GatheringConfig(
    cycles=4, crowd=20, test_cycles=4, uniform_starts=4, candidates=4, candidate_runs=2
)
REFUSED = [
    ({"cycles": 0}, "cycles"),
    ({"cells": 2}, "cells"),
    ({"loss": 1.0}, "leave somebody"),
    ({"loss": 0.001}, "nobody"),
    ({"carried_up": (0,)}, "carried_up"),
    ({"carried_up": (5,)}, "different numbers"),
    ({"loss_steps": (3, 3)}, "twice"),
    ({"loss_steps": (65,)}, "0..64"),
    ({"test_epsilon": -1.0}, "probability"),
    ({"alpha": 3.0}, "alpha"),
]
