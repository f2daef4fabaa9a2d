"""Principals who pay for what an agent does, and agents who answer."""

from rallypoint.agents.bandits.answers import BestResponse, LearningArms, LyingResponse
from rallypoint.agents.bandits.epsilon_greedy import EpsilonGreedyPrincipal
from rallypoint.agents.bandits.ipa import Ipa
from rallypoint.agents.bandits.pair import Pair
from rallypoint.agents.bandits.ucb_oracle import UcbOracle

__all__ = [
    "BestResponse",
    "EpsilonGreedyPrincipal",
    "Ipa",
    "LearningArms",
    "LyingResponse",
    "Pair",
    "UcbOracle",
]
