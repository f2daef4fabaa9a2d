"""Policy gradients from several contributors, in plain NumPy: one update from each of them."""

from rallypoint.agents import agents
from rallypoint.agents.gradient.learners import LEARNERS

for _name, _learner in LEARNERS.items():
    agents.add(_name, _learner)
