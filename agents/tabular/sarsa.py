"""Sarsa, and the Sarsa that interruptions do not bend."""

from dataclasses import dataclass
from typing import ClassVar

from rallypoint.agents import agents
from rallypoint.agents.tabular.temporal_difference import State, TemporalDifference
from rallypoint.agents.tabular.transition import Transition
from rallypoint.draws import Floats, Integers


@dataclass(frozen=True, kw_only=True)
class Sarsa(TemporalDifference):
    """Independent Sarsa: ``Q(s, u) += alpha (r + gamma Q(s', u') - Q(s, u))``.

    The next action u' is the one the key names. Where it is the executed one, it may be an
    interruption's, and the values then foresee being interrupted (Orseau & Armstrong, 2016,
    "Safely Interruptible Agents", UAI).

    After a step that the time limit truncates no action follows; where the limit bootstraps, u' is
    then what the policy proposes there, for both keys.

    Source: Rummery & Niranjan (1994), "On-Line Q-Learning Using Connectionist Systems".
    """

    needs_next_actions: ClassVar[bool] = True

    def _to_come(self, state: State, transition: Transition, next_rows: Integers) -> Floats:
        following = transition.next_proposed
        if self.key == "executed":
            following = transition.next_executed
        return _values_of(state, next_rows, following)


@dataclass(frozen=True, kw_only=True)
class SafeSarsa(TemporalDifference):
    """Sarsa whose target asks what the policy proposes next, whatever is then executed.

    With the executed action as key this is safely interruptible; with the proposed one it is
    Sarsa on proposed actions, which is not.

    Source: Orseau & Armstrong (2016), "Safely Interruptible Agents", UAI.
    """

    needs_next_actions: ClassVar[bool] = True

    def _to_come(self, state: State, transition: Transition, next_rows: Integers) -> Floats:
        return _values_of(state, next_rows, transition.next_proposed)


def _values_of(state: State, rows: Integers, actions: Integers | None) -> Floats:
    assert actions is not None, "a learner that needs next actions is given them"
    values: Floats = state.tables.reshape(-1).take(rows * state.tables.shape[-1] + actions)
    return values


agents.add("sarsa", Sarsa)
agents.add("safe_sarsa", SafeSarsa)
