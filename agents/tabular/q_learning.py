"""Q-learning, one step at a time."""

from dataclasses import dataclass

from rallypoint.agents import agents
from rallypoint.agents.tabular.temporal_difference import State, TemporalDifference
from rallypoint.agents.tabular.transition import Transition
from rallypoint.draws import Floats, Integers


@dataclass(frozen=True, kw_only=True)
class QLearning(TemporalDifference):
    """Independent Q-learning: ``Q(s, u) += alpha (r + gamma max Q(s', .) - Q(s, u))``.

    With the executed action as key its target does not ask what is done next, so it learns to act
    as if it will never be interrupted (Orseau & Armstrong, 2016, "Safely Interruptible Agents",
    UAI). Booked on the proposed action it does not.

    Source: Watkins (1989), "Learning from Delayed Rewards".
    """

    def _to_come(self, state: State, transition: Transition, next_rows: Integers) -> Floats:
        del transition
        best: Floats = self._values_at(state, next_rows).max(axis=2)
        return best


agents.add("q_learning", QLearning)
