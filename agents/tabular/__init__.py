"""Learners with one table per agent."""

from rallypoint.agents.tabular.careful import Careful, CarefulSarsa
from rallypoint.agents.tabular.joint_q_learning import JointQLearning
from rallypoint.agents.tabular.q_learning import QLearning
from rallypoint.agents.tabular.reinforce import Reinforce
from rallypoint.agents.tabular.sarsa import SafeSarsa, Sarsa
from rallypoint.agents.tabular.traced_q_learning import TracedQLearning

__all__ = [
    "Careful",
    "CarefulSarsa",
    "JointQLearning",
    "QLearning",
    "Reinforce",
    "SafeSarsa",
    "Sarsa",
    "TracedQLearning",
]
