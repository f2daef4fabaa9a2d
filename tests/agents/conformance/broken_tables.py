"""Learners of tables that break the contract in one thing each, and what names their fault."""

import random  # noqa: TID251  # what an agent must not draw from
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy import random as numpy_random

from rallypoint.agents.tabular.q_learning import QLearning
from tests.agents.conformance.faults import registrar

BROKEN_TABLES: dict[type, str] = {}
fault = registrar(BROKEN_TABLES)


class ForgetsTheDecorator(QLearning):
    """Has a setting that is none."""

    patience: float = 2.0


BROKEN_TABLES[ForgetsTheDecorator] = "must be a @dataclass"


@dataclass(frozen=True)
class HasLooseSettings(QLearning):
    """Has a setting that may be given by its place."""

    patience: float = 2.0


BROKEN_TABLES[HasLooseSettings] = "'patience' is not"


@fault("say of which kind")
class SaysNoKind(QLearning):
    """Is of no kind."""

    learner: ClassVar[str] = "mystery"


@fault("docstring")
class SaysNothing(QLearning):
    pass


@fault("comes? back from plain values")
class ChangesOnTheWay(QLearning):
    """Doubles a setting each time that it is made."""

    patience: float = 2.0

    def __post_init__(self):
        super().__post_init__()
        object.__setattr__(self, "patience", 2 * self.patience)


@fault("NumPy's global generator")
class DrawsFromNumPy(QLearning):
    """Explores by everybody's numbers."""

    def act(self, state, percepts, draws, rows=slice(None)):
        numpy_random.random()  # noqa: NPY002  # the fault
        return super().act(state, percepts, draws, rows)


@fault("Python's global generator")
class SeedsPython(QLearning):
    """Starts everybody's numbers anew."""

    def draws(self, seed, copies, ahead=64):
        random.seed(seed)
        return super().draws(seed, copies, ahead)


_times_learned = [0]


@fault("same bits from the same seeds")
class KeepsCount(QLearning):
    """Learns a little less each time, whoever asks."""

    def learn(self, state, transition):
        _times_learned[0] += 1
        less = transition._replace(rewards=transition.rewards / _times_learned[0])
        return super().learn(state, less)


@fault("something of its own in each run")
class LearnsNothing(QLearning):
    """Stays as it is."""

    def learn(self, state, transition):
        return state


@fault("whoever learns beside it")
class LooksAtNeighbours(QLearning):
    """Is paid what all copies earn."""

    def learn(self, state, transition):
        shared = np.broadcast_to(transition.rewards.mean(), transition.rewards.shape)
        return super().learn(state, transition._replace(rewards=shared))


@fault("whoever learns beside it")
class LooksAtTheFirst(QLearning):
    """Is paid what the first copy earns."""

    def learn(self, state, transition):
        shared = np.broadcast_to(transition.rewards[:1], transition.rewards.shape)
        return super().learn(state, transition._replace(rewards=shared))


@fault("within its space")
class CountsTooFar(QLearning):
    """Takes an action beyond the last."""

    def act(self, state, percepts, draws, rows=slice(None)):
        return super().act(state, percepts, draws, rows) + 1


@fault("slots of agents that are gone")
class LearnsFromTheGone(QLearning):
    """Takes everybody for present."""

    def learn(self, state, transition):
        everybody = np.ones_like(transition.present)
        return super().learn(state, transition._replace(present=everybody))


@fault("must remember in its memory alone")
class RemembersOutside(QLearning):
    """Learns the less, the more it has learned since it began, which no memory tells."""

    def init(self, *sizes, **more):
        object.__setattr__(self, "_steps", 0)
        return super().init(*sizes, **more)

    def learn(self, state, transition):
        steps = getattr(self, "_steps", 0) + 1
        object.__setattr__(self, "_steps", steps)
        return super().learn(state, transition._replace(rewards=transition.rewards / steps))


@fault("must not write to what learn is given")
class WritesToExperience(QLearning):
    """Halves rewards where they stand."""

    def learn(self, state, transition):
        np.divide(transition.rewards, 2, out=transition.rewards)
        return super().learn(state, transition)


@fault("leave its memory alone when it acts")
class LearnsByActing(QLearning):
    """Thinks the less of everything, the more it acts."""

    def act(self, state, percepts, draws, rows=slice(None)):
        np.multiply(state.tables, 0.999, out=state.tables)
        return super().act(state, percepts, draws, rows)


@fault("policy that it acts by")
class SaysAnother(QLearning):
    """Says that it tosses coins."""

    def policy(self, state, percepts):
        return np.full_like(super().policy(state, percepts), 1 / 3)


@fault("goes on learning from NaN")
class SweepsUp(QLearning):
    """Takes what is no number for nothing."""

    def learn(self, state, transition):
        swept = transition._replace(rewards=np.nan_to_num(transition.rewards))
        return super().learn(state, swept)


@fault("which action each sign asks for")
class WantsToLose(QLearning):
    """Learns to earn as little as it can."""

    def learn(self, state, transition):
        return super().learn(state, transition._replace(rewards=-transition.rewards))
