"""The worlds in which agents are lied to: what a lie is measured in, who learns, what counts."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rallypoint.agents.evaluation import Evaluation
from rallypoint.agents.gradient.learners import PpoLearner
from rallypoint.draws import Floats


@dataclass(frozen=True)
class Task:
    """A world, and how agents and attackers learn in it."""

    name: str
    world: str
    scale: float | tuple[float, ...]  # unit of each entry of a percept
    learner: PpoLearner
    attacker: PpoLearner
    greedy: bool  # whether agents take the likeliest action, or draw one
    score: Callable[[Evaluation], Floats]  # what an episode was worth: (episodes,)
    best: float  # score
    column: str  # under which name scores are written down
    counted: str  # what a score is, in words


def _return_of_one(found: Evaluation) -> Floats:
    return found.returns[:, 0]


def _arrived(found: Evaluation) -> Floats:
    """Return the share of a team that arrives: who does is out."""
    share: Floats = found.ended_early.mean(axis=1, dtype=np.float64)
    return share


TASKS = {
    "cartpole": Task(
        name="cartpole",
        world="cartpole-v1",
        scale=(1.0, 1.0, 0.1, 1.0),  # m, m/s, rad, rad/s: a tenth of a radian is half of a fall
        learner=PpoLearner(steps=128, learning_rate=1e-3, minibatch=128, epochs=6),
        attacker=PpoLearner(steps=128, learning_rate=3e-3, minibatch=128, epochs=6),
        greedy=True,
        score=_return_of_one,
        best=500.0,
        column="return",
        counted="return, of 500",
    ),
    # Two agents that wait for each other wait for ever if both are greedy, so these draw.
    "pathfinding": Task(
        name="pathfinding",
        world="pathfinding-v0",
        scale=1.0,
        learner=PpoLearner(
            steps=64,
            learning_rate=1e-3,
            minibatch=256,
            epochs=4,
            entropy_weight=0.01,
            gamma=0.95,
        ),
        attacker=PpoLearner(steps=64, learning_rate=3e-3, minibatch=256, epochs=4, gamma=0.95),
        greedy=False,
        score=_arrived,
        best=1.0,
        column="arrived",
        counted="share of a team that arrives",
    ),
}
