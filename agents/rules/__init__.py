"""Agents that do not learn: the baselines others are measured against."""

from rallypoint.agents.rules.circular_mean import CircularMean
from rallypoint.agents.rules.omniscient_mean import OmniscientMean
from rallypoint.agents.rules.seen_mean import SeenMean
from rallypoint.agents.rules.uniform_random import UniformRandom

__all__ = ["CircularMean", "OmniscientMean", "SeenMean", "UniformRandom"]
