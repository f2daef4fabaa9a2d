"""Platforms that learn what to recommend, and users who click honestly or do not."""

from rallypoint.agents.recommender.platform import LearningPlatform
from rallypoint.agents.recommender.trust import TrustedMean
from rallypoint.agents.recommender.users import HonestUsers, Promoter

__all__ = ["HonestUsers", "LearningPlatform", "Promoter", "TrustedMean"]
