"""One step of every copy, as tabular learners read it; and what a learner of them offers."""

from typing import Any, ClassVar, NamedTuple, Protocol, TypeVar

from rallypoint.draws import Draws, Floats, Integers, Mask

Learned = TypeVar("Learned", bound=tuple[Any, ...])  # a NamedTuple of arrays
Rows = slice | Mask  # of copies

ALL: slice = slice(None)


class Transition(NamedTuple):
    """One step of every copy, in percepts and action indices; all are (E, N).

    In the slots of agents that are not ``present`` rewards are 0, and the rest means nothing.
    """

    percepts: Integers  # before the step
    proposed: Integers  # what the policies chose
    executed: Integers  # what was done
    interrupted: Mask  # whether a person overrode the action in this step
    rewards: Floats
    next_percepts: Integers  # after the step
    terminated: Mask  # an agent's part ended for good: nothing comes after
    truncated: Mask  # the time limit cut it short
    present: Mask  # who was in the world when actions were chosen
    next_proposed: Integers | None = None  # of the step after this one, once it is known
    next_executed: Integers | None = None
    odds: Floats | None = None  # of what was done: under the policy, over under interruption
    second: Integers | None = None  # a second draw from each policy, which nobody acts on
    costs: Floats | None = None  # (E, N, k) as told, of a world that has some


class TabularLearner(Protocol[Learned]):
    """What can be trained on tables: a frozen config, whose memory is passed and never kept.

    A memory is a NamedTuple of arrays, or of such tuples. ``visit``, ``learn`` and
    ``end_episode`` update it in place and return it: whoever wants to keep an old one hands in
    ``copied(state)``. Nothing that happens in one copy depends on another.
    """

    learner: ClassVar[str]
    needs_next_actions: ClassVar[bool]  # then it learns from a step when the next one is known

    @property
    def needs_odds(self) -> bool:
        """Whether transitions must say their odds."""
        ...

    @property
    def needs_second_draws(self) -> bool:
        """Whether transitions must bring a second draw from each policy."""
        ...

    @property
    def proposes_at_truncation(self) -> bool:
        """Whether it matters what would have been done after the time limit."""
        ...

    def init(
        self,
        num_copies: int,
        num_agents: int,
        num_states: int,
        num_actions: int | Integers,
        horizon: int | None = None,
    ) -> Learned:
        """Start empty; actions are a number, or one for each agent; horizon is in steps."""
        ...

    def draws(self, seed: int, copies: Integers, ahead: int = 64) -> Draws:
        """Open the streams that it explores by."""
        ...

    def act(self, state: Learned, percepts: Integers, draws: Draws, rows: Rows = ALL) -> Integers:
        """Choose: (E', N) for the percepts (E', N) of some copies, with those copies' draws."""
        ...

    def policy(self, state: Learned, percepts: Integers) -> Floats:
        """Return the probabilities by which ``act`` chooses: (E, N, A)."""
        ...

    def visit(self, state: Learned, percepts: Integers, present: Mask) -> Learned:
        """Count that these agents (E, N) have acted on these percepts (E, N)."""
        ...

    def learn(self, state: Learned, transition: Transition) -> Learned:
        """Learn from one step of every copy."""
        ...

    def end_episode(self, state: Learned, ended: Mask) -> Learned:
        """Close the episodes of these copies (E,), once all their steps are learned from."""
        ...

    def values(self, state: Learned) -> Floats:
        """Return the tables that the greedy policy reads: (E, N, S, A), -inf for no action."""
        ...


def copied(state: Learned) -> Learned:
    """Return a memory of equal arrays that shares none with this one."""
    return type(state)(
        *(copied(part) if isinstance(part, tuple) else part.copy() for part in state)
    )
