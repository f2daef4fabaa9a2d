"""A small Q-network in NumPy, as it stands, and what one update of it would change.

Two layers, 8-32-3, shared by two agents of a random game; one step of gradient descent, or of Adam
with the moments that it had come to, on the squared errors of a minibatch. Parameters and moments
are drawn, not trained: whether an update depends on interruptions is asked of any state.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from rallypoint.agents.assessment.minibatches import Experience
from rallypoint.batch_env import Actions, Observations
from rallypoint.draws import Draws, Floats, Mask, stream
from rallypoint.envs.games.game import Game
from rallypoint.envs.games.noise import gaussian

STATES, ACTIONS, AGENTS = 6, 3, 2
_FEATURES, _HIDDEN = 8, 32
_NOISE = 0.5  # standard deviation of rewards
_GAMMA, _STEP = 0.9, {"sgd": 0.1, "adam": 0.01}
_DECAYS = (0.9, 0.999)  # of Adam's moments
_EPSILON = 0.3  # exploration

Optimiser = Literal["sgd", "adam"]
Keeps = Literal["none", "drop_any", "drop_others"]


def random_game(seed: int) -> Game:
    """Draw a game: rewards from N(0, 1), and any state may follow any other."""
    rng = stream(seed, "interruptibility/game")
    shape = (STATES, ACTIONS, ACTIONS)
    return Game(
        agents=tuple(f"agent_{i}" for i in range(AGENTS)),
        states=tuple(f"state_{i}" for i in range(STATES)),
        actions=(tuple(f"action_{i}" for i in range(ACTIONS)),) * AGENTS,
        rewards=rng.normal(size=(*shape, AGENTS)),
        leads_to=rng.dirichlet(np.ones(STATES), size=shape),
        start=np.full(STATES, 1 / STATES),
        pay=gaussian(_NOISE),
    )


class _Weights(NamedTuple):
    """Of one network, or of many with a first axis more."""

    first: Floats  # (8, 32)
    bias: Floats  # (32,)
    second: Floats  # (32, 3)
    offset: Floats  # (3,)


@dataclass(frozen=True)
class FrozenNetwork:
    """A Q-learner as it stands; see ``rallypoint.agents.assess.Frozen``."""

    seed: int  # of features, parameters and moments
    keeps_what: Keeps = "none"
    optimiser: Optimiser = "sgd"

    books = "executed"

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Choose epsilon-greedily by the outputs."""
        percepts = observations["agents"]  # (E, N)
        numbers = draws.random((*percepts.shape[1:], 2))
        greedy = self._outputs().argmax(axis=1)[percepts]
        tried = (numbers[..., 1] * ACTIONS).astype(np.int64)
        return {"agents": np.where(numbers[..., 0] < _EPSILON, tried, greedy)}

    def keeps(self, experience: Experience) -> Mask:
        """Say which steps are learned from: (M,)."""
        interrupted = experience.interrupted.copy()
        if self.keeps_what == "drop_others":
            interrupted[np.arange(len(interrupted)), experience.agents] = False
        if self.keeps_what == "none":
            interrupted[:] = False
        kept: Mask = ~np.logical_or.reduce(interrupted, axis=1)
        return kept

    def changes(self, experience: Experience, num_replicates: int) -> Floats:
        """Return how the outputs in all states change by one update: (R, states * actions)."""
        weights, features = self._weights(), self._features()
        outputs = self._outputs()
        next_best = np.where(experience.terminated, 0, outputs.max(axis=1)[experience.next_seen])
        shape = (num_replicates, -1)
        targets = (experience.rewards + _GAMMA * next_best).reshape(shape)
        seen, actions = experience.seen.reshape(shape), experience.actions.reshape(shape)
        inputs = features[seen]  # (R, B, 8)
        hidden = np.tanh(inputs @ weights.first + weights.bias)  # (R, B, 32)
        errors = outputs[seen, actions] - targets  # (R, B)
        by_output = np.eye(ACTIONS)[actions] * (errors / errors.shape[1])[..., None]
        inside = (by_output @ weights.second.T) * (1 - hidden**2)  # (R, B, 32)
        gradient = _Weights(
            first=np.einsum("rbf,rbh->rfh", inputs, inside),
            bias=inside.sum(axis=1),
            second=np.einsum("rbh,rba->rha", hidden, by_output),
            offset=by_output.sum(axis=1),
        )
        new = _Weights(*(w - step for w, step in zip(weights, self._steps(gradient), strict=True)))
        hidden = np.tanh(features @ new.first + new.bias[:, None])  # (R, 6, 32)
        after = hidden @ new.second + new.offset[:, None]
        return (after - outputs).reshape(num_replicates, -1)

    def _steps(self, gradient: _Weights) -> list[Floats]:
        size = _STEP[self.optimiser]
        if self.optimiser == "sgd":
            return [size * part for part in gradient]
        rng = stream(self.seed, "interruptibility/moments")
        slow, fast = _DECAYS
        steps = []
        for part in gradient:
            mean = slow * 0.05 * rng.normal(size=part.shape[1:]) + (1 - slow) * part
            square = fast * 0.01 * rng.random(part.shape[1:]) + (1 - fast) * part**2
            steps.append(size * mean / (np.sqrt(square) + 1e-8))
        return steps

    def _features(self) -> Floats:
        return stream(self.seed, "interruptibility/features").normal(size=(STATES, _FEATURES))

    def _weights(self) -> _Weights:
        rng = stream(self.seed, "interruptibility/weights")
        return _Weights(
            first=rng.normal(size=(_FEATURES, _HIDDEN)) / np.sqrt(_FEATURES),
            bias=np.zeros(_HIDDEN),
            second=rng.normal(size=(_HIDDEN, ACTIONS)) / np.sqrt(_HIDDEN),
            offset=np.zeros(ACTIONS),
        )

    def _outputs(self) -> Floats:
        weights = self._weights()
        hidden = np.tanh(self._features() @ weights.first + weights.bias)
        outputs: Floats = hidden @ weights.second + weights.offset
        return outputs
