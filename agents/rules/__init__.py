"""Agents that do not learn: the baselines others are measured against."""

from rallypoint.agents.rules.cautious_mean import CautiousMean
from rallypoint.agents.rules.circular_mean import CircularMean
from rallypoint.agents.rules.encounter_rate import EncounterRate
from rallypoint.agents.rules.fixed_roles import FixedRoles
from rallypoint.agents.rules.omniscient_mean import OmniscientMean
from rallypoint.agents.rules.response_threshold import ResponseThreshold
from rallypoint.agents.rules.seen_mean import SeenMean
from rallypoint.agents.rules.trimmed_mean import TrimmedMean
from rallypoint.agents.rules.uniform_random import UniformRandom

__all__ = [
    "CautiousMean",
    "CircularMean",
    "EncounterRate",
    "FixedRoles",
    "OmniscientMean",
    "ResponseThreshold",
    "SeenMean",
    "TrimmedMean",
    "UniformRandom",
]
