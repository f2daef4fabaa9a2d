"""The learner on trial, whichever kind it is: trained for several runs side by side."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.conformance.signs import Signs, Variant
from rallypoint.batch_env import Snapshot
from rallypoint.draws import Draws, Floats
from rallypoint.policies import Policy

PLAIN = Variant()


class Trained(NamedTuple):
    """What R runs have learned."""

    learned: tuple[Snapshot, ...]  # by run: everything that it has learned, as named arrays
    score: Floats  # (R,) how likely the right action is, on average over signs and agents
    score_before: Floats  # (R,) likewise before the first step

    def bits(self, run: int) -> bytes:
        """Return everything that a run has learned."""
        arrays = self.learned[run]
        return b"".join(name.encode() + arrays[name].tobytes() for name in sorted(arrays))

    def is_finite(self) -> bool:
        """Whether all that was learned are numbers; -inf stands for what an agent cannot do."""
        return not any(
            part.dtype.kind == "f" and (np.isnan(part) | np.isposinf(part)).any()
            for arrays in self.learned
            for part in arrays.values()
        )


class Subject(ABC):
    """A learner, as ``assert_is_agent`` sees it."""

    def __init__(self, learner: Any, label: str) -> None:
        """Put a learner on trial, under a name for messages."""
        self.learner = learner
        self.label = label

    @abstractmethod
    def world(self, runs: Sequence[int], variant: Variant = PLAIN) -> Signs:
        """Make the world of some runs."""

    @abstractmethod
    def train(self, world: Signs, runs: Sequence[int], length: int) -> Trained:
        """Train these runs from the start, for so many rounds or episodes."""

    @property
    @abstractmethod
    def usual(self) -> int:
        """How long a training is that should show that something is learned."""

    @abstractmethod
    def goes_on(self) -> None:
        """Refuse a learner that does not go on from what it remembers.

        Raises:
            NotConformant: says what differs.
        """

    @abstractmethod
    def leaves_its_input(self) -> None:
        """Refuse a learner that writes to what it is given, or to what it gave back.

        Raises:
            NotConformant: says what it did.
        """

    @abstractmethod
    def learns_alike_alone(self) -> None:
        """Refuse a learner whose parts differ when they are computed side by side.

        Raises:
            NotConformant: says what differs.
        """

    @abstractmethod
    def acts_alike_when_saved(self) -> None:
        """Refuse a learner whose saved policy acts otherwise than the live one.

        Raises:
            NotConformant: says how.
        """


def actions_of(policy: Policy, world: Signs, steps: int) -> NDArray[Any]:
    """Let a policy act, and return what it did: (T, E, N)."""
    draws = Draws(0, "conformance/acting", world.copies)
    observations = world.reset(0)
    done = []
    for _ in range(steps):
        actions = policy.act(observations, draws)
        done.append(np.asarray(actions["agents"]))
        step = world.step(actions)
        observations = world.reset(mask=step.ended) if step.ended.any() else step.observations
    return np.stack(done)
