"""Stable-Baselines3 and sb3-contrib: learners that are trained through the view, as they are.

The registry holds their addresses. Neither they nor torch are loaded before one is used, which is
what ``training``, ``evaluation``, ``files`` and ``archives`` are for.
"""

from rallypoint.agents import agents
from rallypoint.agents.sb3.algorithms import ALGORITHMS

for _algorithm in ALGORITHMS:
    agents.add(_algorithm.agent, _algorithm)
