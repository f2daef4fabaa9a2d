"""Learners with one table per agent."""

from rallypoint.agents.tabular.q_learning import QLearning

__all__ = ["QLearning"]
